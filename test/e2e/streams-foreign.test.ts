/** Logs past plain brokers: a mosquitto as a relay, with the two patterns for logs in its bridge and without them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Mosquitto, startMosquitto } from '../support/mosquitto.js';
import { publish, Tap } from '../support/mqtt-tools.js';
import { type NodeProcess, startLeaf, startRelay, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

const skip =
  skipWithout('mosquitto', 'mosquitto_sub', 'mosquitto_pub') ||
  (process.platform !== 'linux' && 'needs /proc');

const bridgeTo = (port: number, name: string, logs: boolean): string[] => [
  `connection ${name}`,
  `address 127.0.0.1:${port}`,
  ...['hb', 'state', 'evt', 'res', 'log'].map(it => `topic +/${it} out 1 canopy/ canopy/${name}/`),
  `topic +/cmd in 1 canopy/ canopy/${name}/`,
  ...(logs
    ? [`topic +/_log out 0 canopy/ canopy/${name}/`, `topic +/_flow in 0 canopy/ canopy/${name}/`]
    : []),
  'restart_timeout 1',
];

const COUNTING = `sh -c 'n=0; while :; do n=$((n+1)); echo number $n; sleep 0.05; done'`;

const seqsOf = (tap: Tap, topic: string): number[] =>
  tap.on(topic).flatMap(({ json }) => (json.lines ?? []).map((line: { seq: number }) => line.seq));

async function inOrder(tap: Tap, topic: string, count: number): Promise<void> {
  await until(() => seqsOf(tap, topic).length >= count, 10_000, `${count} lines on ${topic}`);
  const seqs = seqsOf(tap, topic);
  assert.deepEqual(
    seqs,
    seqs.map((_, nth) => (seqs[0] as number) + nth),
  );
}

describe('logs past a plain mosquitto', { skip }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let carrying: Mosquitto;
  let bare: Mosquitto;

  before(async () => {
    root = await startRoot(box);
    carrying = await startMosquitto(bridgeTo(root.port, 'rack9', true), undefined, box.env());
    bare = await startMosquitto(bridgeTo(root.port, 'rack8', false), undefined, box.env());
    await startLeaf(box, carrying, { name: 'web', target: COUNTING });
    await startLeaf(box, bare, { name: 'db', target: COUNTING });
    for (const path of ['rack9/web', 'rack8/db']) await root.rest.expect(path, { status: 'up' });
  });

  it('come to who is subscribed at the root, where the bridge carries flows', async () => {
    const tap = await Tap.open(box, root.port, 'canopy/rack9/web/log');
    await inOrder(tap, 'canopy/rack9/web/log', 30);
  });

  it('come once to who follows at the root, though the leaf says them as well', async () => {
    const tap = await Tap.open(box, root.port, 'canopy/rack9/web/log', 'canopy/rack9/web/res');
    await publish(root.port, 'canopy/rack9/web/cmd', 'follow');
    await tap.first(({ json }) => json?.op === 'follow' && json.status === 'succeeded');
    await inOrder(tap, 'canopy/rack9/web/log', 30);
  });

  it('are said by the leaf itself where it carries none, once somebody follows', async () => {
    const tap = await Tap.open(box, root.port, 'canopy/rack8/db/log', 'canopy/rack8/db/res');
    await publish(root.port, 'canopy/rack8/db/cmd', 'follow tail=3');
    await inOrder(tap, 'canopy/rack8/db/log', 30);
    await publish(root.port, 'canopy/rack8/db/cmd', 'unfollow');
    await tap.first(({ json }) => json?.op === 'unfollow' && json.status === 'succeeded');
  });

  it('are said by a relay below a plain broker when it is asked to', async () => {
    const top = await startMosquitto([], undefined, box.env());
    const rack = await startRelay(box, { port: top.port } as NodeProcess, { name: 'rack7' });
    await startLeaf(box, rack, { name: 'api', target: COUNTING });
    const tap = await Tap.open(box, top.port, 'canopy/rack7/api/log', 'canopy/rack7/api/state');
    await tap.first(({ topic, json }) => topic.endsWith('/state') && json.phase === 'running', 10_000);
    await publish(top.port, 'canopy/rack7/api/cmd', 'follow');
    await inOrder(tap, 'canopy/rack7/api/log', 30);
    await top.stop();
  });
});
