/** What one stranger may make the broker keep. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { EmbeddedBroker } from '../../../broker/embedded.js';
import type { BrokerLimits } from '../../../broker/limits.js';
import { collect, message, startBroker, texts } from '../../support/broker.js';
import {
  connectPacket,
  DISCONNECT,
  PINGREQ,
  packet,
  publishPacket,
  RawClient,
  TYPE,
} from '../../support/raw-mqtt.js';
import { until } from '../../support/wait.js';

const brokers: EmbeddedBroker[] = [];
const start = async (limits: Partial<BrokerLimits>) => {
  const started = await startBroker({ limits });
  brokers.push(started.broker);
  return started;
};
after(() => Promise.all(brokers.map(broker => broker.close())));

test('the bytes that wait for an absent session', async () => {
  const { port, codes, broker } = await start({ maxQueuedBytesPerClient: 250 });
  const away = await RawClient.open(port, { clientId: 'away', clean: false });
  await away.subscribe(['a'], 1);
  away.send(DISCONNECT);
  await away.ended();
  const local = broker.link({ name: '', instance: 'test' });
  for (const letter of 'abcd') local.publish(message('a', letter.repeat(100)));
  assert.equal(await local.flush(5000), true);
  assert.deepEqual(codes(), ['queue-full']);
  const back = await RawClient.open(port, { clientId: 'away', clean: false });
  await until(() => back.published.length >= 2);
  await back.fence();
  assert.deepEqual(
    texts(back.published).map(text => text[0]),
    ['a', 'b'],
  );
});

test('the number of sessions: one that is known may come again, one that is given up makes room', async () => {
  const { port, codes } = await start({ maxSessions: 1 });
  const session = { clientId: 'one', clean: false };
  await RawClient.open(port, session);
  assert.equal(await new RawClient(port).connect({ clientId: 'two', clean: false }), 3);
  assert.deepEqual(codes(), ['too-many-sessions']);
  await RawClient.open(port, session);
  await RawClient.open(port, { clientId: 'two' });
  await RawClient.open(port, { clientId: 'one' });
  await RawClient.open(port, { clientId: 'three', clean: false });
});

test('a session without a client id: nobody could come back to it', async () => {
  const { port, codes } = await start({});
  assert.equal(await new RawClient(port).connect({ clientId: '', clean: false }), 2);
  assert.deepEqual(codes(), ['bad-client-id']);
  await RawClient.open(port, { clientId: '' });
});

test('the bytes of a packet of who has not been let in yet', async () => {
  const { port, broker } = await start({ maxPacketBytes: 10_000, maxConnectBytes: 1000 });
  const will = { topic: 'canopy/web/state', payload: 'x'.repeat(2000) };
  const client = new RawClient(port);
  client.send(connectPacket({ clientId: 'one', will }));
  await client.ended();
  assert.equal(broker.connections.clients, 0);
  const known = await RawClient.open(port, { clientId: 'two' });
  known.send(publishPacket('a', 'x'.repeat(2000)));
  await known.fence();
});

test('the filters of a client: what it ends makes room', async () => {
  const { port, codes } = await start({ maxFiltersPerClient: 2 });
  const client = await RawClient.open(port, { clientId: 'one' });
  assert.deepEqual(await client.subscribe(['a', 'b']), [0, 0]);
  assert.deepEqual(await client.subscribe(['c', 'b']), [128, 0]);
  assert.deepEqual(await client.subscribe(['a']), [0]);
  assert.deepEqual(codes(), ['too-many-subscriptions']);
  client.send(packet(0xa2, Buffer.from([0, 9]), Buffer.from([0, 1]), Buffer.from('b')));
  await client.fence();
  assert.deepEqual(await client.subscribe(['c']), [0]);
});

test('the QoS 2 messages that it never releases', async () => {
  const { port } = await start({ maxInflightQos2: 3 });
  const client = await RawClient.open(port, { clientId: 'one' });
  for (let id = 1; id <= 3; id++) client.send(publishPacket('a', 'x', { qos: 2, id }));
  await client.fence();
  client.send(publishPacket('a', 'x', { qos: 2, id: 4 }));
  await client.ended();
});

for (const [what, first, qos] of [
  ['SUBSCRIBE', 0x82, [0]],
  ['UNSUBSCRIBE', 0xa2, []],
] as const)
  test(`the filters of one ${what}: with more it ends the connection, and nothing of it is handled`, async () => {
    const { port, codes, broker } = await start({ maxFiltersPerClient: 3 });
    const will = { topic: 'will', payload: 'x' };
    const local = broker.link({ name: '', instance: 'test' });
    const wills = await collect(local, 'will');
    local.publish(message('a', 'x', { retain: true }));
    const client = await RawClient.open(port, { clientId: 'one', will });
    const filter = Buffer.from([0, 1, 0x23, ...qos]);
    client.send(Buffer.concat([packet(first, Buffer.from([0, 9]), ...Array(4).fill(filter)), PINGREQ]));
    await client.ended();
    assert.deepEqual(codes(), ['too-many-subscriptions']);
    assert.deepEqual(
      client.packets.map(({ type }) => type),
      [TYPE.connack],
    );
    await until(() => wills.length === 1, 5000, 'it was no DISCONNECT');
  });

test('equal filters of one SUBSCRIBE get what is retained once, others each their own', async () => {
  const { port, broker } = await start({});
  const local = broker.link({ name: '', instance: 'test' });
  for (const topic of ['a', 'b']) local.publish(message(topic, topic, { retain: true }));
  assert.equal(await local.flush(5000), true);
  const client = await RawClient.open(port, { clientId: 'one' });
  const filters = [...Array(500).fill('#'), 'a', '+'];
  assert.deepEqual(await client.subscribe(filters), Array(502).fill(0));
  await until(() => client.published.length >= 5);
  await client.fence();
  assert.deepEqual(texts(client.published).sort(), ['a', 'a', 'a', 'b', 'b']);
});

test('a SUBSCRIBE counts as many packets as it has filters, and so does an UNSUBSCRIBE', async () => {
  for (const first of [0x82, 0xa2]) {
    const { port, codes } = await start({ maxPacketsPerSecond: 20 });
    const client = await RawClient.open(port, { clientId: 'one' });
    const filter = Buffer.from([0, 1, 0x61, ...(first === 0x82 ? [0] : [])]);
    const filters = (count: number) => packet(first, Buffer.from([0, 9]), ...Array(count).fill(filter));
    client.send(filters(60));
    await client.fence();
    assert.deepEqual(codes(), []);
    client.send(filters(60));
    await until(() => codes().length > 0);
    assert.deepEqual(codes(), ['too-fast']);
  }
});
