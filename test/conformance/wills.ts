/** Wills (3.1.2.5 to 3.1.2.7): when they are published, and when not. */
import assert from 'node:assert/strict';
import { type ConnectOptions, DISCONNECT, publishPacket, type RawClient } from '../support/raw-mqtt.js';
import { until } from '../support/wait.js';
import { type Bench, type Case, payloads, received } from './bench.js';

type Will = Partial<NonNullable<ConnectOptions['will']>>;

/** A client with a will, and someone who hears it. */
async function dying(bench: Bench, will: Will = {}, more: Partial<ConnectOptions> = {}) {
  const topic = bench.fresh();
  const watcher = await bench.open();
  await watcher.subscribe([topic], 2);
  const clientId = bench.fresh();
  const client = await bench.open({ clientId, will: { topic, payload: 'gone', ...will }, ...more });
  return { topic, watcher, client, clientId };
}

const fires = (
  clause: string,
  title: string,
  end: (client: RawClient, bench: Bench, id: string) => unknown,
): Case => ({
  clause,
  title,
  async run(bench) {
    const { topic, watcher, client, clientId } = await dying(bench);
    await end(client, bench, clientId);
    await until(() => watcher.published.length === 1);
    assert.deepEqual(payloads(await received(watcher, watcher, topic)), ['gone']);
  },
});

export const WILLS: Case[] = [
  fires('MQTT-3.1.2-8', 'a connection that is cut publishes it', client => client.destroy()),
  fires('MQTT-3.1.2-8', 'so does one that is only ended', client => client.socket.end()),
  fires('MQTT-3.1.2-8', 'so does a protocol violation', client => client.send(Buffer.from([0x00, 0x00]))),
  fires('MQTT-3.1.2-8', 'so does a successor of the same id', (_, bench, clientId) =>
    bench.open({ clientId }),
  ),
  {
    clause: 'MQTT-3.1.2-8',
    title: 'so does silence beyond the keepalive',
    async run(bench) {
      const { watcher } = await dying(bench, {}, { keepalive: 1 });
      await until(() => payloads(watcher.published).includes('gone'), 10_000);
    },
  },
  {
    clause: 'MQTT-3.1.2-10',
    title: 'DISCONNECT discards it',
    async run(bench) {
      const { topic, watcher, client } = await dying(bench);
      client.send(DISCONNECT);
      await client.ended(3000);
      assert.deepEqual(await received(watcher, watcher, topic), []);
    },
  },
  {
    clause: 'MQTT-3.1.2-12',
    title: 'a later connection without one has none',
    async run(bench) {
      const { topic, watcher, client, clientId } = await dying(bench);
      client.send(DISCONNECT);
      await client.ended(3000);
      const next = await bench.open({ clientId });
      next.destroy();
      await bench.open({ clientId });
      assert.deepEqual(await received(watcher, watcher, topic), []);
    },
  },
  ...[0, 1, 2].map(
    (qos): Case => ({
      clause: 'MQTT-3.1.2-14',
      title: `a will of QoS ${qos} has that`,
      async run(bench) {
        const { watcher, client } = await dying(bench, { qos });
        client.destroy();
        await until(() => watcher.published.length === 1);
        assert.equal(watcher.published[0]?.qos, qos);
      },
    }),
  ),
  ...[true, false].map(
    (retain): Case => ({
      clause: retain ? 'MQTT-3.1.2-17' : 'MQTT-3.1.2-16',
      title: `a will ${retain ? 'with' : 'without'} the retain flag is ${retain ? '' : 'not '}kept`,
      async run(bench) {
        const { topic, watcher, client } = await dying(bench, { retain });
        client.destroy();
        await until(() => watcher.published.length === 1);
        assert.equal(watcher.published[0]?.retain, false, 'live');
        const late = await bench.open();
        await late.subscribe([topic]);
        assert.deepEqual(payloads(await received(late, watcher, topic)), retain ? ['gone'] : []);
      },
    }),
  ),
  {
    clause: 'MQTT-3.1.3-12',
    title: 'an empty one is published, and clears what is retained if it says so',
    async run(bench) {
      const { topic, watcher, client } = await dying(bench, { payload: '', retain: true });
      watcher.send(publishPacket(topic, 'kept', { retain: true }));
      await until(() => watcher.published.length === 1);
      client.destroy();
      await until(() => watcher.published.length === 2);
      const late = await bench.open();
      await late.subscribe([topic]);
      assert.deepEqual(await received(late, watcher, topic), []);
    },
  },
];
