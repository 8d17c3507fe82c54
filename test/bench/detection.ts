/**
 * How long a fault takes to be seen at the root: by REST, asked every 5 ms, and on its stream of events. Root, relays and leaves are
 * processes of their own: where there can be network namespaces a machine for the root and for each relay with its leaf, which a
 * cable can be cut between.
 * node dist/test/bench/detection.js [rounds] [quick|default] [names of some, with commas]
 */
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Network, noNetwork } from '../support/net/network.js';
import { NodeProcess, type Settings } from '../support/nodes.js';
import { Sandbox, type Scope } from '../support/sandbox.js';
import { type Sight, Sights } from './sights.js';

const ROUNDS = Number(process.argv[2] ?? 20);
const PACE = process.argv[3] === 'default' ? 'default' : 'quick';
const ONLY = process.argv[4]?.split(',');
/** Seconds; `default` is what a node has that was told nothing else. */
const TIMES = { quick: { hb_interval: 0.5, timeout: 2 }, default: { hb_interval: 3, timeout: 10 } }[PACE];
const INTERVAL_MS = TIMES.hb_interval * 1000;
/** Relays, each with a leaf: silence is waited for at all of them together. */
const LANES = ['r1', 'r2', 'r3', 'r4'];
/** What dies is seen at once: milliseconds that this may be. */
const AT_ONCE = 1000;
/** What falls silent may have beaten just before. */
const SILENCE = TIMES.timeout * 1000 + INTERVAL_MS;
const HEALED_MS = 90_000;

interface Lane {
  readonly name: string;
  readonly relay: NodeProcess;
  readonly leaf: NodeProcess;
}
interface Fault {
  readonly name: string;
  readonly bound: number;
  /** Of the node that is then down. */
  path(lane: Lane): string;
  /** Answers how to do it, which takes no time of its own. */
  prepare(lane: Lane): Promise<() => void>;
  undo(lane: Lane): Promise<unknown>;
}

const ends: (() => Promise<void>)[] = [];
const scope: Scope = { after: end => void ends.unshift(end) };
const noCut = noNetwork();
const net = noCut ? null : new Network(scope, ['root', ...LANES]);
const box = new Sandbox(scope);
const on = (name: string): string[] => net?.on(name) ?? [];
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

async function start(name: string, on: readonly string[], settings: Settings): Promise<NodeProcess> {
  const node = new NodeProcess(box, { data_dir: box.path(name), log_level: 'info', ...settings }, on);
  await node.up();
  return node;
}

function startRoot(): Promise<NodeProcess> {
  const rest = { rest_port: 0, rest_rate: 1_000_000 };
  const listening: Settings = net ? { host: '0.0.0.0', insecure: true } : {};
  return start('root', on('root'), { role: 'root', name: 'root', port: 0, ...listening, ...rest, ...TIMES });
}

async function startLane(name: string, root: NodeProcess): Promise<Lane> {
  const parent = { parent_host: net?.address('root') ?? '127.0.0.1', parent_port: root.port };
  const relay = await start(name, on(name), { role: 'relay', name, port: 0, ...parent, ...TIMES });
  const { hb_interval } = TIMES;
  // A target that is not started again stays down until it is told to run.
  const target = { target: 'sleep 3600', restart: 'never' };
  const settings = { role: 'leaf', name: 'web', parent_port: relay.port, hb_interval, ...target };
  return { name, relay, leaf: await start(`${name}-web`, on(name), settings) };
}

const root = await startRoot();
const sights = new Sights(on('root'), box.env(), root.rest.url);
const lanes: Lane[] = [];
for (const name of LANES) lanes.push(await startLane(name, root));

const leafOf = ({ name }: Lane): string => `${name}/web`;
const faults: Fault[] = [
  {
    name: 'target crash',
    bound: AT_ONCE,
    path: leafOf,
    prepare: async lane => {
      const { pid } = (await sights.ask('GET', `/api/v1/nodes/${leafOf(lane)}`)) as { pid: number };
      return () => process.kill(pid, 'SIGKILL');
    },
    undo: lane => sights.ask('POST', '/api/v1/commands?wait=20', { path: leafOf(lane), op: 'start' }),
  },
  dying('leaf kill -9', leafOf, ({ leaf }) => leaf),
  {
    name: 'leaf frozen',
    bound: SILENCE,
    path: leafOf,
    prepare:
      async ({ leaf }) =>
      () =>
        leaf.signal('SIGSTOP'),
    undo: async ({ leaf }) => leaf.signal('SIGCONT'),
  },
  dying(
    'relay kill -9',
    ({ name }) => name,
    ({ relay }) => relay,
  ),
  {
    name: 'cable cut',
    bound: SILENCE,
    path: ({ name }) => name,
    prepare:
      async ({ name }) =>
      () =>
        net?.cut('root', name),
    undo: async () => net?.heal(),
  },
];

function dying(name: string, path: Fault['path'], which: (lane: Lane) => NodeProcess): Fault {
  return {
    ...{ name, bound: AT_ONCE, path },
    prepare: async lane => () => which(lane).signal('SIGKILL'),
    undo: async lane => {
      await which(lane).crash();
      await which(lane).up();
    },
  };
}

async function healed(lane: Lane): Promise<void> {
  const deadline = now() + HEALED_MS;
  for (const path of [lane.name, leafOf(lane)]) {
    for (;;) {
      const { status } = (await sights.ask('GET', `/api/v1/nodes/${path}`)) as { status?: string };
      if (status === 'up') break;
      if (now() > deadline) throw new Error(`${path} is ${status} ${HEALED_MS} ms after its fault was over`);
      await pause(50);
    }
  }
}

async function once(fault: Fault, lane: Lane): Promise<Sight> {
  const strike = await fault.prepare(lane);
  // Anywhere between two heartbeats.
  await pause(Math.random() * INTERVAL_MS);
  const { seen } = await sights.see(fault.path(lane), 'down');
  const at = now();
  strike();
  const { rest, sse } = await seen;
  return { rest: rest - at, sse: sse - at };
}

async function measured(fault: Fault): Promise<Sight[]> {
  const found: Sight[] = [];
  while (found.length < ROUNDS) {
    // To start one again takes the time that others would be seen in.
    const some = fault.bound === AT_ONCE ? [lanes[found.length % lanes.length] as Lane] : lanes;
    found.push(...(await Promise.all(some.map(lane => once(fault, lane)))));
    await Promise.all(some.map(lane => fault.undo(lane)));
    await Promise.all(some.map(healed));
    await pause(INTERVAL_MS);
  }
  return found;
}

const line = (name: string, cells: readonly string[]): void =>
  console.log(name.padEnd(22) + cells.map(cell => cell.padStart(9)).join(''));

function row(name: string, bound: number, all: readonly number[]): void {
  const sorted = [...all].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  const times = [at(0.5), at(0.99), at(1), bound].map(ms => ms.toFixed(ms < 100 ? 1 : 0));
  const ratios = [at(0.5) / bound, at(0.99) / bound].map(ratio => ratio.toFixed(2));
  line(name, [String(all.length), ...times, ...ratios, String(all.filter(ms => ms > bound).length)]);
}

try {
  await Promise.all(lanes.map(healed));
  console.log(`From a fault to the root's REST (asked every 5 ms) and to its stream of events, ms. root <- relay <- leaf, ${LANES.length} such lines;
hb_interval ${TIMES.hb_interval} s, timeout ${TIMES.timeout} s (${PACE}). Bound of what dies: ${AT_ONCE} ms; of what falls silent: timeout and one interval.
Load of the machine before: ${loadavg()[0]?.toFixed(1)}. Node ${process.version}\n`);
  line('', ['rounds', 'median', 'p99', 'max', 'bound', 'med/b', 'p99/b', 'beyond']);
  for (const fault of faults) {
    if (ONLY && !ONLY.includes(fault.name)) continue;
    if (fault.name === 'cable cut' && noCut) {
      console.log(`${fault.name.padEnd(22)} left out: ${noCut}`);
      continue;
    }
    const found = await measured(fault);
    const [rest, sse] = [found.map(sight => sight.rest), found.map(sight => sight.sse)];
    row(`${fault.name}, REST`, fault.bound, rest);
    row(`${' '.repeat(fault.name.length)}  SSE`, fault.bound, sse);
  }
} finally {
  sights.close();
  for (const end of ends) await end();
}
process.exit(0);
