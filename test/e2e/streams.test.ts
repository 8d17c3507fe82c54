/** Logs of leaves, followed from above by real processes that are killed and frozen. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { publish, type Received, Tap } from '../support/mqtt-tools.js';
import { type DeepTree, deepTree, type NodeProcess, startLeaf } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

const skip = skipWithout('mosquitto_sub', 'mosquitto_pub') || (process.platform !== 'linux' && 'needs /proc');

/** Says a number every so often, from 1 up. */
const counting = (everySeconds: number): string =>
  `sh -c 'n=0; while :; do n=$((n+1)); echo number $n; sleep ${everySeconds}; done'`;

const WEB = 'rack1/rack2/web';
const LOG = `canopy/${WEB}/log`;

let asked = 0;

const linesOf = (tap: Tap, topic: string): { seq: number; line: string }[] =>
  tap.on(topic).flatMap(({ json }) => json.lines ?? []);

function inOrder(lines: readonly { seq: number }[]): void {
  const seqs = lines.map(({ seq }) => seq);
  assert.deepEqual(
    seqs,
    seqs.map((_, nth) => (seqs[0] as number) + nth),
  );
}

describe('logs over three brokers', { skip }, () => {
  const box = new Sandbox({ after });
  let tree: DeepTree;
  let web: NodeProcess;
  const says = (tap: Tap, more: number, deadlineMs = 5000) => {
    const from = linesOf(tap, LOG).length;
    return until(() => linesOf(tap, LOG).length >= from + more, deadlineMs, `${more} lines more on ${LOG}`);
  };

  before(async () => {
    tree = await deepTree(box);
    web = await tree.leaf({ name: 'web', target: counting(0.05) });
  });

  it('come to a client that is subscribed to that very topic, with no command at all', async () => {
    const tap = await Tap.open(box, tree.root.port, LOG);
    await says(tap, 20);
    inOrder(linesOf(tap, LOG));
    assert.match(linesOf(tap, LOG)[0]?.line as string, /^number \d+$/);
  });

  it('come for a + in the place of a name, and not for one in the place of log', async () => {
    const blind = await Tap.open(box, tree.rack2.port, 'canopy/web/+');
    const all = await Tap.open(box, tree.rack1.port, 'canopy/rack2/+/log');
    await until(() => linesOf(all, 'canopy/rack2/web/log').length > 3);
    inOrder(linesOf(all, 'canopy/rack2/web/log'));
    assert.deepEqual(linesOf(blind, 'canopy/web/log'), []);
  });

  it('go on after the leaf, a relay and another relay were killed and have come back', async () => {
    const tap = await Tap.open(box, tree.root.port, LOG);
    await says(tap, 5);
    for (const node of [web, tree.rack2, tree.rack1]) {
      await node.crash();
      await node.up();
      await says(tap, 40, 20_000);
    }
    inOrder(linesOf(tap, LOG));
  });

  const ask = async (command: object): Promise<Received[]> => {
    const id = `ask-${++asked}`;
    const tap = await Tap.open(box, tree.root.port, `canopy/${WEB}/res`);
    await publish(tree.root.port, `canopy/${WEB}/cmd`, JSON.stringify({ v: 1, id, ...command }));
    await tap.first(({ json }) => json?.id === id && json.done === true);
    return tap.messages.filter(({ json }) => json?.id === id);
  };

  it('are fetched by a command, in chunks, with an end that says what was cut', async () => {
    const answer = await ask({ op: 'logs', args: { tail: 7 } });
    const lines = answer.slice(0, -1).flatMap(({ json }) => json.data?.lines ?? []);
    const { status, data } = answer.at(-1)?.json ?? {};
    assert.equal(status, 'succeeded');
    assert.deepEqual([data.lines, data.cut, data.last - data.first], [7, false, 6]);
    const seqs = lines.map((line: { seq: number }) => line.seq);
    assert.deepEqual([seqs.length, seqs[0], seqs.at(-1)], [7, data.first, data.last]);
    const own = await ask({ op: 'logs', args: { self: true, grep: '"msg":"up"', fixed: true } });
    assert.match(own.flatMap(({ json }) => json.data?.lines ?? [])[0]?.line, /"role":"leaf"/);
    assert.equal(own.at(-1)?.json.status, 'succeeded');
    const long = await ask({ op: 'logs', args: { after: 0, limit: 100 } });
    const end = long.at(-1)?.json.data;
    assert.deepEqual([end.cut, end.first], [true, 1]);
  });

  it('are not fetched from a line that does not exist yet, nor by an expression that takes for ever', async () => {
    const future = await ask({ op: 'follow', args: { after: 999_999 } });
    assert.deepEqual(future.at(-1)?.json.error?.code, 'bad-cursor');
    const [bad] = await ask({ op: 'logs', args: { grep: '(' } });
    assert.deepEqual(bad?.json.error?.code, 'bad-argument');
  });

  const killFollowers = (): void => {
    for (const { pid } of box.processes(/^mosquitto_sub .*\/log$/)) process.kill(pid, 'SIGKILL');
  };

  it('are followed by a command where somebody listens by a wildcard, until it is taken back', async () => {
    killFollowers();
    await leavesNothing();
    const tap = await Tap.open(box, tree.root.port, 'canopy/rack1/#');
    assert.equal(linesOf(tap, LOG).length, 0);
    await publish(tree.root.port, `canopy/${WEB}/cmd`, 'follow tail=5');
    await says(tap, 20);
    inOrder(linesOf(tap, LOG));
    assert.ok(
      !tap.messages.some(({ topic }) => /\/_(log|flow)$/.test(topic)),
      'nothing of what neighbours say',
    );
    await publish(tree.root.port, `canopy/${WEB}/cmd`, 'unfollow');
    await tap.first(({ json }) => json?.op === 'unfollow' && json.status === 'succeeded');
    await leavesNothing();
  });

  /** No line passes between the leaf and its relay, while it goes on writing and beating. */
  const leavesNothing = async (): Promise<void> => {
    const beats = await Tap.open(box, tree.rack2.port, 'canopy/web/hb', 'canopy/web/_log');
    const flows = () => beats.on('canopy/web/_log').length;
    await until(
      () => beats.on('canopy/web/hb').length >= 2 && flows() === quietAt(beats),
      8000,
      'nothing flows any more',
    );
  };
  /** Messages of flows before the last two heartbeats. */
  const quietAt = (tap: Tap): number => {
    const beat = tap.on('canopy/web/hb').at(-2)?.at ?? 0;
    return tap.on('canopy/web/_log').filter(({ at }) => at < beat).length;
  };

  it('cost one flow for ten, and nothing when they were killed', async () => {
    const taps = await Promise.all(Array.from({ length: 10 }, () => Tap.open(box, tree.root.port, LOG)));
    const hop = await Tap.open(box, tree.rack2.port, 'canopy/web/_log');
    await Promise.all(taps.map(tap => says(tap, 20)));
    const flows = new Set(
      hop.messages.flatMap(({ text }) => /"flow":"([^"]+)".*"runs"/.exec(text)?.[1] ?? []),
    );
    // One that has been asked for before they shared it may have ended in this time.
    assert.equal(flows.size, 1, [...flows].join(' '));
    killFollowers();
    await leavesNothing();
  });

  it('stop nobody who looks at something else while a relay stands still, and then go on', async () => {
    const tap = await Tap.open(box, tree.root.port, LOG);
    await says(tap, 5);
    const other = await startLeaf(box, tree.root, { name: 'other', target: counting(0.05) });
    const otherTap = await Tap.open(box, tree.root.port, 'canopy/other/log');
    tree.rack1.signal('SIGSTOP');
    const from = linesOf(otherTap, 'canopy/other/log').length;
    await until(() => linesOf(otherTap, 'canopy/other/log').length >= from + 60, 8000, 'the other goes on');
    tree.rack1.signal('SIGCONT');
    await says(tap, 100, 20_000);
    inOrder(linesOf(tap, LOG));
    inOrder(linesOf(otherTap, 'canopy/other/log'));
    await other.stop();
  });
});
