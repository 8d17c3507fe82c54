/** Whoever waits at the door of a node that starts or ends: what it is told was taken has been heard by all that keep it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type NodeProcess, startRoot } from '../support/nodes.js';
import { connectPacket, publishPacket, RawClient, TYPE } from '../support/raw-mqtt.js';
import { Sandbox } from '../support/sandbox.js';
import { until } from '../support/wait.js';

const eventOf = (seq: number): Buffer =>
  Buffer.from(JSON.stringify({ v: 1, epoch: 1, seq, ts: Date.now(), event: 'early', reason: 'so early' }));

/** Resolves at the very moment at which somebody listens there. */
async function opened(port: number): Promise<void> {
  for (;;) {
    const isOpen = await new Promise<boolean>(resolve => {
      const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (isOpen) return;
    await pause(1);
  }
}

/** Tells events from the first moment on, each once the one before was acknowledged; those that were. */
async function tell(port: number, from: number, count: number): Promise<number[]> {
  const client = new RawClient(port);
  client.send(connectPacket({ clientId: 'early' }));
  const taken: number[] = [];
  for (let seq = from; seq < from + count; seq++) {
    client.send(publishPacket('canopy/early/evt', eventOf(seq), { qos: 1, id: seq }));
    await until(() => client.closed || client.of(TYPE.puback).length > taken.length, 10_000);
    if (client.of(TYPE.puback).length <= taken.length) break;
    taken.push(seq);
  }
  client.destroy();
  return taken;
}

describe('the first and the last moment of a root', () => {
  const box = new Sandbox({ after });
  const kept = async (root: NodeProcess): Promise<number[]> => {
    const { body } = await root.rest.get('/api/v1/events?event=early&order=oldest&limit=1000');
    return body.events.map(({ seq }: { seq: number }) => seq);
  };

  it('every event that is acknowledged is in history', async () => {
    const root = await startRoot(box);
    const all: number[] = [];
    for (let round = 0; round < 5; round++) {
      // Killed, or ended in order while it is told more.
      const telling = tell(root.port, round * 1000 + 501, 100);
      await until(async () => (await kept(root)).length > all.length, 10_000);
      await (round % 2 ? root.crash() : root.stop());
      const late = await telling;
      const early = opened(root.port).then(() => tell(root.port, (round + 1) * 1000 + 1, 20));
      await root.up();
      const known = await kept(root);
      // One that was under way when it ended may have been taken.
      all.push(...late, ...known.filter(seq => seq === (late.at(-1) ?? round * 1000 + 500) + 1));
      all.push(...(await early));
      await until(async () => (await kept(root)).length >= all.length, 10_000, 'all of it is kept').catch(
        () => {},
      );
      assert.deepEqual(await kept(root), all, `round ${round}`);
    }
    await root.stop();
  });

  it('what a killed root had taken, and is told again, is there once', async () => {
    const root = await startRoot(box, { name: 'twice' });
    await root.stop();
    const at = Date.now();
    const event = JSON.parse(eventOf(7).toString());
    const entry = { type: 'evt', id: at * 1000, at, path: 'early', app: null, source: 'early', event };
    writeFileSync(join(root.dataDir, 'history.journal'), JSON.stringify(entry));
    await root.up();
    assert.deepEqual(await tell(root.port, 7, 2), [7, 8]);
    await until(async () => (await kept(root)).length >= 2);
    assert.deepEqual(await kept(root), [7, 8]);
    await root.stop();
  });
});
