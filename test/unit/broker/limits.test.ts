/** Crossing a limit is counted, told by its code, and hurts whoever crossed it. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import type { EmbeddedBroker } from '../../../broker/embedded.js';
import type { BrokerLimits } from '../../../broker/limits.js';
import { startBroker, type TestBroker } from '../../support/broker.js';
import { packet, publishPacket, RawClient, TYPE, varint } from '../../support/raw-mqtt.js';
import { until } from '../../support/wait.js';

const brokers: EmbeddedBroker[] = [];
const start = async (limits: Partial<BrokerLimits>): Promise<TestBroker> => {
  const started = await startBroker({ limits });
  brokers.push(started.broker);
  return started;
};
after(() => Promise.all(brokers.map(broker => broker.close())));

let serial = 0;
const id = () => `limited${++serial}`;

/** Told, counted, and an honest client is served. */
async function crossed({ broker, codes, port }: TestBroker, code: string): Promise<void> {
  await until(() => codes().includes(code), 5000, code);
  assert.equal(broker.crossings.get(code), codes().filter(each => each === code).length);
  const honest = await RawClient.open(port, { clientId: id() });
  await honest.fence();
  honest.destroy();
}

test('a packet beyond the cap: 64 KiB until a CONNECT was accepted, 1 MiB from then on', async () => {
  const started = await start({});
  const early = new RawClient(started.port);
  early.send(Buffer.concat([Buffer.from([0x10]), varint(64 * 1024 + 1)]));
  await early.ended();
  const client = await RawClient.open(started.port, { clientId: id() });
  client.send(publishPacket('a', Buffer.alloc(1024 * 1024 - 100), { qos: 1 }));
  await client.expect(TYPE.puback, 1);
  client.send(Buffer.concat([Buffer.from([0x30]), varint(1024 * 1024 + 1)]));
  await client.ended();
  await crossed(started, 'malformed-packet');
  assert.equal(started.broker.crossings.get('malformed-packet'), 2);
});

test('connections of one address, and another one has its places', async () => {
  const started = await start({ maxPerAddress: 3 });
  const dial = () => connect({ port: started.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
  const sockets = Array.from({ length: 5 }, dial);
  const ended = new Set<number>();
  for (const [at, socket] of sockets.entries())
    socket
      .on('error', () => {})
      .on('close', () => ended.add(at))
      .resume();
  await until(() => ended.size === 2);
  assert.equal(started.refused[0]?.address, '127.0.0.2');
  await crossed(started, 'too-many-from-address');
  for (const socket of sockets) socket.destroy();
  await until(() => started.broker.connections.sockets === 0);
  const again = dial();
  await new Promise(resolve => again.once('connect', resolve));
  await until(() => started.broker.connections.sockets === 1);
  again.destroy();
});

test('addresses of one network count as one caller, where the house says so', async () => {
  const callerOf = (address: string) => address.split('.').slice(0, 3).join('.');
  const started = await startBroker({ limits: { maxPerAddress: 1 }, callerOf });
  brokers.push(started.broker);
  const dial = (localAddress: string) =>
    connect({ port: started.port, host: '127.0.0.1', localAddress }).on('error', () => {});
  const first = dial('127.0.1.1');
  await until(() => started.broker.connections.sockets === 1);
  const second = dial('127.0.1.2').resume();
  await new Promise(resolve => second.once('close', resolve));
  const third = dial('127.0.2.1');
  await until(() => started.broker.connections.sockets === 2);
  await crossed(started, 'too-many-from-address');
  for (const socket of [first, third]) socket.destroy();
});

test('no CONNECT in time', async () => {
  const started = await start({ connectTimeoutMs: 100 });
  await new RawClient(started.port).ended();
  await crossed(started, 'connect-timeout');
});

test('who sends too fast is held back, and nothing of it is lost; nobody else waits', async () => {
  const started = await start({ maxPacketsPerSecond: 50 });
  const fast = await RawClient.open(started.port, { clientId: id(), keepalive: 1 });
  const from = performance.now();
  // 200 at once are allowed, the other 100 take two seconds: longer than its keepalive, during which it is not read.
  for (let at = 1; at <= 300; at++) fast.send(publishPacket('a', `${at}`, { qos: 1, id: at }));
  // Behind them; and another one, which is not read before all of them are paid for.
  await until(() => fast.of(TYPE.puback).length >= 200);
  fast.send(Buffer.from([0xc0, 0]));
  await crossed(started, 'too-fast');
  await fast.expect(TYPE.pingresp, 1, 20_000);
  fast.send(Buffer.from([0xc0, 0]));
  await fast.expect(TYPE.pingresp, 2, 20_000);
  assert.equal(fast.of(TYPE.puback).length, 300);
  assert.ok(performance.now() - from > 1900, `${performance.now() - from} ms`);
  assert.equal(started.codes().filter(code => code === 'too-fast').length, 1, 'told once');
  fast.send(publishPacket('a', 'more', { qos: 1, id: 301 }));
  await fast.expect(TYPE.puback, 301, 5000);
});

test('heartbeats count a tenth', async () => {
  const started = await start({ maxPacketsPerSecond: 50 });
  const node = await RawClient.open(started.port, { clientId: 'node/web/i1' });
  for (let at = 0; at < 1500; at++) node.send(publishPacket('canopy/web/hb', '{}'));
  await node.fence();
  assert.equal(started.broker.crossings.get('too-fast'), undefined);
  for (let at = 0; at < 1500; at++) node.send(publishPacket('canopy/web/hb', '{}'));
  await crossed(started, 'too-fast');
});

test('who never stops is dropped', async () => {
  const started = await start({ maxPacketsPerSecond: 20, maxHeldMs: 300 });
  const fast = await RawClient.open(started.port, { clientId: id() });
  const flood = setInterval(() => {
    if (!fast.closed) fast.send(Buffer.alloc(200, Buffer.from([0xc0, 0])));
  }, 10);
  await fast.ended(20_000).finally(() => clearInterval(flood));
  await crossed(started, 'too-fast');
});

test('messages of QoS 2 under way, and subscriptions', async () => {
  const started = await start({ maxInflightQos2: 3, maxFiltersPerClient: 2 });
  const client = await RawClient.open(started.port, { clientId: id() });
  for (let at = 1; at <= 4; at++) client.send(publishPacket('a', 'x', { qos: 2, id: at }));
  await client.ended();
  await crossed(started, 'too-many-inflight');
  const greedy = await RawClient.open(started.port, { clientId: id() });
  assert.deepEqual(await greedy.subscribe(['a', 'b']), [0, 0]);
  assert.deepEqual(await greedy.subscribe(['c']), [128]);
  await crossed(started, 'too-many-subscriptions');
});

test('topics too long or too deep, and retained messages of one child', async () => {
  const started = await start({ maxTopicBytes: 100, maxTopicLevels: 5, maxRetainedPerChild: 2 });
  const client = await RawClient.open(started.port, { clientId: id() });
  client.send(publishPacket('x'.repeat(101), 'x', { qos: 1 }), publishPacket('a/b/c/d/e/f', 'x', { qos: 1 }));
  await client.expect(TYPE.puback, 2);
  await crossed(started, 'bad-topic');
  for (const name of ['a', 'b', 'c'])
    client.send(publishPacket(`canopy/rack1/${name}/state`, 'x', { qos: 1, retain: true }));
  client.send(publishPacket('canopy/rack2/state', 'x', { qos: 1, retain: true }));
  await client.expect(TYPE.puback, 6);
  await crossed(started, 'retained-full');
  const local = started.broker.link({ name: '', instance: 'test' });
  const kept = (await local.retained('#')).map(({ topic }) => topic);
  assert.deepEqual(kept.sort(), ['canopy/rack1/a/state', 'canopy/rack1/b/state', 'canopy/rack2/state']);
});

test('bytes that are no packet', async () => {
  const started = await start({});
  const client = await RawClient.open(started.port, { clientId: id() });
  client.send(packet(0x00));
  await client.ended();
  await crossed(started, 'malformed-packet');
});
