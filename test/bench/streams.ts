/**
 * Logs on their way: from a line that is written to the line seen at the root, two relays up; and how much goes through.
 * `node dist/test/bench/streams.js`
 */
import { readFileSync } from 'node:fs';
import { Tap } from '../support/mqtt-tools.js';
import { deepTree, type NodeProcess, startLeaf, startRelay } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';
import { startHub } from '../unit/streams/support.js';

const ends: (() => Promise<void>)[] = [];
const box = new Sandbox({ after: end => void ends.push(end) });

/** Says what time it is, so many times a second. */
const clockwork = (everyMs: number): string =>
  `${process.execPath} -e "setInterval(() => console.log(Date.now()), ${everyMs})"`;

const MB = 1e6;
const WRITTEN = 400 * MB;

try {
  await latency();
  await throughput();
} finally {
  for (const end of ends) await end();
}

async function latency(): Promise<void> {
  const tree = await deepTree(box);
  for (const [what, name, everyMs, count] of [
    ['idle before each line', 'idle', 300, 40],
    ['100 lines a second', 'busy', 10, 500],
  ] as const) {
    await tree.leaf({ name, target: clockwork(everyMs) });
    const topic = `canopy/rack1/rack2/${name}/log`;
    const tap = await Tap.open(box, tree.root.port, topic);
    const delays = (): number[] =>
      tap
        .on(topic)
        .flatMap(({ json, at }) => (json.lines ?? []).map(({ line }: { line: string }) => at - Number(line)));
    await until(() => delays().length >= count, 60_000, `${count} lines`);
    const sorted = delays().sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] as number;
    console.log(`line to root, ${what}: median ${at(0.5)} ms, 99 % within ${at(0.99)} ms`);
  }
}

async function throughput(): Promise<void> {
  const root = await startHub();
  const rack1 = await startRelay(box, { port: root.port } as NodeProcess, { name: 'rackA' });
  const rack2 = await startRelay(box, rack1, { name: 'rackB' });
  const line = 'x'.repeat(99);
  const target = `sh -c 'yes ${line} | head -c ${WRITTEN}; exec sleep 3600'`;
  const leaf = await startLeaf(box, rack2, {
    name: 'much',
    target,
    log_max_bytes: '1G',
    log_segment_bytes: '16M',
  });
  const path = 'rackA/rackB/much';
  await until(() => root.registry.get(path)?.phase === 'running', 20_000, 'it runs');
  const last = async (): Promise<number> => {
    for await (const item of root.hub.source(path).read({ tail: 0 }, new AbortController().signal))
      if (item.kind === 'end') return item.last ?? 0;
    return 0;
  };
  await until(async () => (await last()) >= WRITTEN / 100, 60_000, 'all is stored');
  const nodes = [rack1, rack2, leaf];
  const before = nodes.map(cpuOf);
  const self = process.cpuUsage();
  const from = performance.now();
  let bytes = 0;
  for await (const item of root.hub.source(path).read({ after: 0 }, new AbortController().signal))
    if (item.kind === 'lines') bytes += item.bytes.length;
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(self);
  const gb = bytes / 1e9;
  const spent = nodes.map((node, nth) => ((cpuOf(node) - (before[nth] ?? 0)) / gb).toFixed(2));
  console.log(
    `leaf to root over three hops: ${(bytes / MB / seconds).toFixed(0)} MB/s of ${(bytes / MB).toFixed(0)} MB`,
  );
  console.log(
    `CPU s/GB: rack1 ${spent[0]}, rack2 ${spent[1]}, leaf ${spent[2]}, root ${((user + system) / 1e6 / gb).toFixed(2)}`,
  );
  await root.close();
}

/** Seconds of CPU so far. */
function cpuOf({ pid }: NodeProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
