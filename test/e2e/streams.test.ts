/** Logs of leaves, followed from above by real processes that are killed and frozen. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Tap } from '../support/mqtt-tools.js';
import { type DeepTree, deepTree, type NodeProcess } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

const skip = skipWithout('mosquitto_sub') || (process.platform !== 'linux' && 'needs /proc');

/** Says a number every so often, from 1 up. */
const counting = (everySeconds: number): string =>
  `sh -c 'n=0; while :; do n=$((n+1)); echo number $n; sleep ${everySeconds}; done'`;

const WEB = 'rack1/rack2/web';
const LOG = `canopy/${WEB}/log`;

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
});
