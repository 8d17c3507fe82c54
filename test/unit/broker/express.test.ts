import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { generate } from 'mqtt-packet';
import type { EmbeddedBroker } from '../../../broker/embedded.js';
import type { Message } from '../../../broker/link.js';
import type { Origin, Refusal } from '../../../broker/rules.js';
import { frameOf, frameRoom, readFrame, writeFrame } from '../../../broker/wire/frame.js';
import { collect, inState, message, startBroker, texts } from '../../support/broker.js';
import { packet, publishPacket, RawClient, TYPE, varint } from '../../support/raw-mqtt.js';
import { until } from '../../support/wait.js';

/** The lane of the heartbeats: what goes past aedes is to come out as if it had not. */

const brokers: EmbeddedBroker[] = [];
const start = async (overrides: Parameters<typeof startBroker>[0] = {}) => {
  const started = await startBroker(overrides);
  brokers.push(started.broker);
  return started;
};
after(() => Promise.all(brokers.map(broker => broker.close())));

let serial = 0;
const id = () => `stranger${++serial}`;
const hb = (text: string, name = 'web') => publishPacket(`canopy/${name}/hb`, text);
const numbers = (count: number) => Array.from({ length: count }, (_, at) => `${at}`);
const nowhere = () => ({ topicAt: 0, payloadAt: 0, end: 0 });

test('a frame is what mqtt-packet makes of it, and is read back', () => {
  for (const [topic, size] of [
    ['canopy/web/hb', 200],
    ['canopy/ä/hb', 0],
    ['t', 100_000],
  ] as const) {
    for (const retain of [false, true]) {
      const payload = Buffer.alloc(size, 'x');
      const made = Buffer.alloc(frameRoom(topic, payload) + 3);
      const end = writeFrame(made, 3, topic, payload, retain);
      const wanted = generate({ cmd: 'publish', topic, payload, qos: 0, retain, dup: false });
      assert.ok(made.subarray(3, end).equals(wanted), topic);
    }
    const payload = Buffer.alloc(size, 'y');
    const chunk = Buffer.concat([Buffer.from('ab'), frameOf(topic, payload), Buffer.from('c')]);
    const frame = nowhere();
    assert.ok(readFrame(chunk, 2, 1e6, frame));
    assert.equal(chunk.toString('utf8', frame.topicAt, frame.payloadAt), topic);
    assert.ok(chunk.subarray(frame.payloadAt, frame.end).equals(payload));
    assert.equal(frame.end, chunk.length - 1);
    assert.ok(!readFrame(chunk, 2, size, nowhere()), 'longer than may be');
    assert.ok(!readFrame(chunk.subarray(0, -2), 2, 1e6, nowhere()), 'not all there');
  }
});

test('what is no whole QoS 0 packet is left to the parser', () => {
  const broken = [
    Buffer.alloc(0),
    Buffer.from([0x30]),
    Buffer.from([0x30, 0x80]),
    Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
    Buffer.from([0x30, 0]),
    packet(0x30, Buffer.from([0, 9]), Buffer.from('short')),
    packet(0x30, Buffer.from([0, 0]), Buffer.from('no topic')),
    publishPacket('a', 'x', { qos: 1 }),
    publishPacket('a', 'x', { retain: true }),
  ];
  for (const bytes of broken) assert.ok(!readFrame(bytes, 0, 1e6, nowhere()), bytes.toString('hex'));
});

test('heartbeats arrive whole and in order, however the chunks are cut', async () => {
  const { port, broker } = await start();
  const local = await collect(broker.link({ name: '', instance: 'i' }), 'canopy/#');
  const watcher = await RawClient.open(port, { clientId: id() });
  await watcher.subscribe(['canopy/#']);
  const beats = numbers(40);
  const stream = Buffer.concat(
    beats.flatMap(text => [hb(text), ...(Number(text) % 8 ? [] : [publishPacket('canopy/web/evt', text)])]),
  );
  for (const size of [1, 7, 33, 64, stream.length]) {
    const client = await RawClient.open(port, { clientId: id() });
    local.length = 0;
    const before = watcher.published.length;
    for (let at = 0; at < stream.length; at += size) {
      client.send(stream.subarray(at, at + size));
      await pause(size < 30 ? 1 : 3);
    }
    await until(() => local.length === 45 && watcher.published.length === before + 45);
    for (const got of [local, watcher.published.slice(before)]) {
      assert.deepEqual(texts(got.filter(({ topic }) => topic.endsWith('/hb'))), beats, `cut at ${size}`);
    }
    client.destroy();
  }
});

test('QoS 0 messages of one client reach a subscriber in the order they were sent, in both lanes', async () => {
  const { port } = await start();
  const watcher = await RawClient.open(port, { clientId: id() });
  await watcher.subscribe(['#']);
  const client = await RawClient.open(port, { clientId: id() });
  for (let round = 0; round < 50; round++) {
    client.send(hb(`${round}a`), publishPacket('home/lamp', `${round}b`), hb(`${round}c`), hb(`${round}d`));
  }
  await until(() => watcher.published.length === 200);
  const sent = numbers(50).flatMap(round => ['a', 'b', 'c', 'd'].map(part => round + part));
  assert.deepEqual(texts(watcher.published), sent);
});

test('a heartbeat comes once under overlapping filters, with QoS 0, and no more after the unsubscribe', async () => {
  const { port, broker } = await start();
  const local = broker.link({ name: '', instance: 'i' });
  const got = await collect(local, '#', 'canopy/+/hb', 'canopy/web/hb');
  const watcher = await RawClient.open(port, { clientId: id() });
  await watcher.subscribe(['#', 'canopy/+/+', '+/web/hb', 'canopy/web/hb', 'canopy/db/#'], 1);
  const other = await RawClient.open(port, { clientId: id() });
  await other.subscribe(['canopy/db/hb', 'canopy/+', 'canopy/web/cmd'], 1);
  const client = await RawClient.open(port, { clientId: id() });
  client.send(hb('1'), publishPacket('canopy/web/hb', '2', { qos: 1, id: 7 }));
  client.send(publishPacket('canopy/web/hb', '3', { retain: true }));
  local.publish(message('canopy/web/hb', '4', { qos: 0 }));
  await client.expect(TYPE.puback, 1);
  await until(() => watcher.published.length >= 4 && got.length >= 4);
  await watcher.fence();
  assert.deepEqual(texts(watcher.published).sort(), ['1', '2', '3', '4']);
  assert.deepEqual(texts(got).sort(), ['1', '2', '3', '4']);
  assert.ok(watcher.published.every(({ qos, retain }) => qos === 0 && !retain));
  assert.deepEqual(await local.retained('#'), []);
  const filters = ['#', 'canopy/+/+', '+/web/hb', 'canopy/web/hb'];
  const named = filters.map(each => Buffer.concat([Buffer.from([0, each.length]), Buffer.from(each)]));
  watcher.send(packet(0xa2, Buffer.from([0, 9]), ...named));
  await watcher.expect(11, 1);
  client.send(hb('5'), hb('6', 'db'));
  await until(() => watcher.published.length >= 5);
  await watcher.fence();
  assert.deepEqual(texts(watcher.published.slice(4)), ['6']);
  assert.deepEqual(texts(other.published), ['6']);
});

test('heartbeats to a frozen subscriber are dropped, reach the others, and end its connection in time', async () => {
  const { port, broker, codes } = await start({
    limits: { backlogBytes: 100_000, drainTimeoutMs: 1500 },
  });
  const frozen = await RawClient.open(port, { clientId: id() });
  await frozen.subscribe(['canopy/#']);
  frozen.socket.pause();
  const healthy = await RawClient.open(port, { clientId: id() });
  await healthy.subscribe(['canopy/#']);
  const client = await RawClient.open(port, { clientId: id() });
  const payload = 'x'.repeat(32_000);
  const before = process.memoryUsage().arrayBuffers;
  for (let at = 0; at < 600; at++) {
    client.send(hb(payload));
    if (at % 5 === 0) await pause(1);
  }
  await until(() => healthy.published.length === 600);
  assert.equal(codes().filter(code => code === 'slow-subscriber').length, 1, 'told once');
  assert.ok(process.memoryUsage().arrayBuffers - before < 100e6);
  await until(() => broker.connections.clients === 2, 4000, 'the frozen one is gone');
});

test('a heartbeat keeps its client alive', async () => {
  const { port } = await start();
  const client = await RawClient.open(port, { clientId: id(), keepalive: 1 });
  for (let at = 0; at < 10; at++) {
    client.send(hb(`${at}`));
    await pause(250);
  }
  assert.ok(!client.closed);
  await client.ended(3000);
});

test('the gate judges heartbeats as anything else: path, house, size', async () => {
  const seen: [string, Origin['via'], string | undefined][] = [];
  const admit = (given: Message, { via, identity }: Origin): Message | Refusal => {
    seen.push([given.payload.toString(), via, identity?.name]);
    if (given.payload.toString() === 'no') return { code: 'stale', reason: 'test' };
    return given.payload.toString() === 'half' ? { ...given, payload: Buffer.from('whole') } : given;
  };
  const { port, broker, codes } = await start({ admit });
  const got = await collect(broker.link({ name: '', instance: 'i' }), '#');
  const node = await RawClient.open(port, { clientId: 'node/web/i' });
  node.send(hb('1'), hb('theirs', 'db'), hb('no'), hb('nope', 'a.b'), hb('half'));
  node.send(publishPacket('canopy/web/evt', '2'), hb('3'));
  await until(() => texts(got).includes('3') && texts(got).includes('2'));
  assert.deepEqual(texts(got).sort(), ['1', '2', '3', 'whole']);
  assert.deepEqual(codes(), ['not-authorized', 'stale', 'bad-topic']);
  assert.deepEqual(
    seen.map(([text]) => text),
    ['1', 'no', 'half', '2', '3'],
  );
  assert.ok(seen.every(([, via, name]) => via === 'publish' && name === 'web'));
  node.send(Buffer.concat([Buffer.from([0x30]), varint(1_100_000), hb('x').subarray(2), Buffer.alloc(1000)]));
  await node.ended(1000);
});

test('heartbeats of a local link are said to be routed once each, on a later turn, whatever is told meanwhile', async () => {
  const { broker } = await start();
  const local = broker.link({ name: '', instance: 'i' });
  await inState(local, 'connected');
  const routed: string[] = [];
  const tell = (text: string): void =>
    local.publish(message('canopy/web/hb', text, { qos: 0 }), () => {
      routed.push(text);
      if (text === '2') tell('3');
    });
  tell('1');
  tell('2');
  assert.deepEqual(routed, []);
  assert.ok(await local.flush(1000));
  assert.deepEqual(routed, ['1', '2', '3']);
});

test('before CONNECT nothing is a heartbeat', async () => {
  const { port, admitted } = await start();
  const client = new RawClient(port);
  client.send(hb('1'));
  await client.ended(1000);
  assert.deepEqual(admitted, []);
});
