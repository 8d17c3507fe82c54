/** What one stranger may make the broker keep. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { EmbeddedBroker } from '../../../broker/embedded.js';
import type { BrokerLimits } from '../../../broker/limits.js';
import { message, startBroker, texts } from '../../support/broker.js';
import { connectPacket, DISCONNECT, packet, publishPacket, RawClient } from '../../support/raw-mqtt.js';
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
  assert.deepEqual(await client.subscribe(['a', 'b', 'c']), [0, 0, 128]);
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
