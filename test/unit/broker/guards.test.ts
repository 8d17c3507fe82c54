import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import type { EmbeddedBroker } from '../../../broker/embedded.js';
import type { BrokerLimits } from '../../../broker/limits.js';
import { MqttLink } from '../../../broker/mqtt-link.js';
import { collect, inState, message, startBroker, texts } from '../../support/broker.js';
import {
  DISCONNECT,
  PINGREQ,
  packet,
  publishPacket,
  RawClient,
  TYPE,
  varint,
} from '../../support/raw-mqtt.js';
import { until } from '../../support/wait.js';

const brokers: EmbeddedBroker[] = [];
const start = async (limits: Partial<BrokerLimits> = {}) => {
  const started = await startBroker({ limits });
  brokers.push(started.broker);
  return started;
};
after(() => Promise.all(brokers.map(broker => broker.close())));

let serial = 0;
const id = () => `stranger${++serial}`;

test('a message that was overtaken is not taken for a duplicate', async () => {
  const { port } = await start();
  const subscriber = await RawClient.open(port, { clientId: id() });
  await subscriber.subscribe(['#']);
  const publisher = await RawClient.open(port, { clientId: id() });
  const rounds = 300;
  for (let at = 0; at < rounds; at++) {
    publisher.send(publishPacket('x/state', `${at}`, { retain: true }), publishPacket('x/hb', `${at}`));
  }
  const seen = (topic: string) => subscriber.published.filter(found => found.topic === topic).length;
  await until(() => seen('x/hb') === rounds);
  await until(() => seen('x/state') === rounds, 2000, 'every retained state');
});

test('overlapping filters of one client get one copy', async () => {
  const { port } = await start();
  const subscriber = await RawClient.open(port, { clientId: id() });
  await subscriber.subscribe(['#', 'a/+', 'a/b'], 1);
  const publisher = await RawClient.open(port, { clientId: id() });
  for (const text of ['1', '2', '3'])
    publisher.send(publishPacket('a/b', text, { qos: 1 }), publishPacket('a/b', `${text}'`));
  publisher.send(publishPacket('end', ''));
  await until(() =>
    subscriber.published.some(({ topic, payload }) => topic === 'a/b' && payload.toString() === '3'),
  );
  await until(() => subscriber.published.length >= 7);
  await subscriber.fence();
  assert.equal(subscriber.published.length, 7);
});

for (const qos of [0, 1] as const) {
  test(`a frozen subscriber holds nobody up (QoS ${qos})`, async () => {
    const { port, url, codes, broker } = await start({ drainTimeoutMs: 600_000, backlogBytes: 100_000 });
    const frozen = await RawClient.open(port, { clientId: id() });
    await frozen.subscribe(['flood/#'], qos);
    frozen.socket.pause();
    const healthy = broker.link({ name: '', instance: 'test' });
    const got = await collect(healthy, 'flood/#');
    const publisher = new MqttLink({ url, clientId: id() });
    await inState(publisher, 'connected');
    // More than both sockets' buffers in the kernel take.
    const payload = 'x'.repeat(32_000);
    for (let at = 0; at < 600; at++) publisher.publish(message('flood/a', payload));
    assert.equal(await publisher.flush(5000), true);
    await until(() => got.length === 600);
    assert.ok(codes().includes('slow-subscriber'));
    assert.equal(publisher.state, 'connected');
    if (qos === 1) {
      frozen.socket.resume();
      await frozen.ended();
    } else {
      assert.equal(broker.connections.clients, 2, 'it is still there');
      assert.equal(codes().filter(code => code === 'slow-subscriber').length, 1, 'told once');
    }
    frozen.destroy();
    await publisher.close();
  });
}

test('messages under way to a frozen subscriber, however many, hold up nobody else’s', async () => {
  const { port, broker } = await start({ drainTimeoutMs: 600_000, backlogBytes: 1e9 });
  const frozen = await RawClient.open(port, { clientId: id() });
  await frozen.subscribe(['flood/#']);
  frozen.socket.pause();
  const got = await collect(broker.link({ name: '', instance: 'test' }), '#');
  const publisher = await RawClient.open(port, { clientId: id() });
  const flood = publishPacket('flood/a', 'x'.repeat(32_000));
  for (let at = 0; at < 600; at++) publisher.send(flood);
  await publisher.fence();
  for (let at = 0; at < 300; at++) {
    publisher.send(publishPacket('calm', `${at}`));
    // Each in a chunk of its own, as heartbeats come.
    await new Promise(resolve => setImmediate(resolve));
  }
  await until(() => got.length === 900, 3000);
  frozen.destroy();
});

test('a subscriber that keeps up gets a large replay whole', async () => {
  const { port, broker } = await start({ backlogBytes: 50_000 });
  const local = broker.link({ name: '', instance: 'test' });
  for (let at = 0; at < 2000; at++) local.publish(message(`r/${at}`, 'x'.repeat(500), { retain: true }));
  assert.equal(await local.flush(5000), true);
  const subscriber = await RawClient.open(port, { clientId: id() });
  await subscriber.subscribe(['r/#'], 1);
  await until(() => subscriber.published.length === 2000);
});

test('who claims a large packet is cut off at the claim, CONNECT or not', async () => {
  const { port } = await start();
  const claim = Buffer.concat([Buffer.from([0x10]), varint(100_000_000)]);
  const clients = Array.from({ length: 4 }, () => new RawClient(port));
  const known = await RawClient.open(port, { clientId: id() });
  known.send(Buffer.concat([Buffer.from([0x30]), varint(300_000)]));
  for (const client of clients) client.send(claim, Buffer.alloc(1000));
  for (const client of [...clients, known]) await client.ended(1000);
  const fine = await RawClient.open(port, { clientId: id() });
  fine.send(publishPacket('a', 'x'.repeat(200_000), { qos: 1 }));
  await fine.expect(TYPE.puback, 1);
});

const BAD_TOPICS = [
  '',
  'a/+',
  'a/#',
  '#',
  `canopy/${'x'.repeat(65_000)}/hb`,
  'x'.repeat(65_530),
  'a/'.repeat(100),
  'l/'.repeat(40),
  'a\0b',
  'a\u0007',
  '$SYS/x',
  '$share/g/a',
  'canopy/web/nope',
  'canopy/a.b/hb',
  'canopy/1/2/3/4/5/6/7/8/9/hb',
];

test('a bad topic is acknowledged, reported and goes nowhere; the socket stays', async () => {
  const { port, refused, broker, admitted } = await start();
  const local = broker.link({ name: '', instance: 'test' });
  const got = await collect(local, '#');
  const client = await RawClient.open(port, { clientId: id() });
  for (const [at, topic] of BAD_TOPICS.entries()) {
    client.send(publishPacket(topic, 'bad', { qos: 1, id: at + 1, retain: at % 2 === 0 }));
  }
  for (const topic of BAD_TOPICS) client.send(publishPacket(topic, 'bad'));
  await client.expect(TYPE.puback, BAD_TOPICS.length);
  client.send(publishPacket('good', 'good', { qos: 1, id: 99 }));
  await until(() => got.length > 0);
  assert.deepEqual(texts(got), ['good']);
  assert.equal(admitted.length, 1);
  assert.deepEqual(
    refused.map(event => event.message?.topic),
    [...BAD_TOPICS, ...BAD_TOPICS],
  );
  assert.ok(
    refused.every(event => ['bad-topic', 'not-authorized'].includes(event.code) && event.reason.length < 200),
  );
  assert.equal(refused[0]?.origin?.via, 'publish');
  assert.match(refused[0]?.address ?? '', /^127\.0\.0\.1:\d+$/);
  assert.deepEqual(await local.retained('#'), []);
});

test('a topic of broken UTF-8 is bad, too', async () => {
  const { port, codes } = await start();
  const client = await RawClient.open(port, { clientId: id() });
  client.send(packet(0x32, Buffer.from([0, 3, 0x61, 0xff, 0xfe]), Buffer.from([0, 1]), Buffer.from('x')));
  await client.expect(TYPE.puback, 1);
  assert.deepEqual(codes(), ['bad-topic']);
});

test('a will that could not be published is refused with its CONNECT', async () => {
  const { port, codes, broker } = await start();
  for (const topic of [
    'canopy/+/state',
    'w/'.repeat(100),
    'x'.repeat(60_000),
    '$SYS/x',
    'canopy/web/nope',
    'a\0',
  ]) {
    const client = new RawClient(port);
    assert.equal(
      await client.connect({ clientId: id(), will: { topic, payload: 'w' } }),
      5,
      topic.slice(0, 40),
    );
    await client.ended();
  }
  assert.equal(codes().length, 6);
  const retained = new RawClient(port);
  const will = { topic: 'canopy/web/cmd', payload: 'restart', retain: true };
  assert.equal(await retained.connect({ clientId: id(), will }), 5);
  assert.equal(codes().at(-1), 'retained-command');
  await until(() => broker.connections.clients === 0);
});

test('shared and $ subscriptions and misplaced wildcards are refused by SUBACK, the good ones granted', async () => {
  const { port, codes, broker, url } = await start();
  const client = await RawClient.open(port, { clientId: id() });
  const filters = ['$share/g/a', 'good/#', '$SYS/#', 'a/#/b', 'a+', 'f/'.repeat(101), '+'];
  assert.deepEqual(await client.subscribe(filters, 1), [128, 1, 128, 128, 128, 128, 1]);
  assert.equal(codes().length, 5);
  await client.fence();
  const link = new MqttLink({ url, clientId: id() });
  await assert.rejects(
    link.subscribe(['$share/g/a'], () => {}),
    { code: 'refused' },
  );
  await link.close();
  const local = broker.link({ name: '', instance: 'test' });
  for (const filter of ['$share/g/a', '$SYS/#', 'a/#/b']) {
    await assert.rejects(
      local.subscribe([filter], () => {}),
      { code: 'refused' },
    );
  }
});

test('a node keeps to its own path', async () => {
  const { port, refused, broker } = await start();
  const local = broker.link({ name: '', instance: 'test' });
  const got = await collect(local, '#');
  const node = await RawClient.open(port, { clientId: 'node/web/i1' });
  const filters = ['canopy/web/cmd', 'canopy/web/+/cmd', '#', 'canopy/db/cmd'];
  assert.deepEqual(await node.subscribe(filters, 1), [1, 1, 128, 128]);
  for (const topic of ['canopy/db/hb', 'canopy/hb', 'home/lamp', 'canopy/web/cmd'])
    node.send(publishPacket(topic, 'no'));
  node.send(publishPacket('canopy/web/hb', 'yes'));
  await until(() => got.length === 1);
  assert.deepEqual(texts(got), ['yes']);
  assert.equal(refused.filter(event => event.code === 'not-authorized').length, 6);
});

test('a retained command is neither stored nor delivered; a flag the channel lacks is cleared', async () => {
  const { port, refused, broker } = await start();
  const local = broker.link({ name: '', instance: 'test' });
  const got = await collect(local, 'canopy/#');
  const client = await RawClient.open(port, { clientId: id() });
  client.send(publishPacket('canopy/web/cmd', 'restart', { qos: 1, retain: true }));
  client.send(publishPacket('canopy/web/evt', 'e', { retain: true }), publishPacket('canopy/web/state', 's'));
  local.publish(message('canopy/db/cmd', 'stop', { retain: true }));
  await until(() => got.length === 2);
  assert.deepEqual(
    refused.map(event => [event.code, event.message?.payload.toString()]),
    [
      ['retained-command', 'stop'],
      ['retained-command', 'restart'],
    ],
  );
  assert.deepEqual(await local.retained('#'), []);
  assert.deepEqual(
    got.map(m => m.qos),
    [1, 1],
    'the QoS is the channel’s',
  );
});

test('retained messages have a bound, in number and bytes', async () => {
  const { port, codes, broker } = await start({ maxRetained: 3, maxRetainedBytes: 2000 });
  const client = await RawClient.open(port, { clientId: id() });
  const local = broker.link({ name: '', instance: 'test' });
  const got = await collect(local, '#');
  for (let at = 0; at < 5; at++)
    client.send(publishPacket(`r/${at}`, 'x', { qos: 1, id: at + 1, retain: true }));
  await client.expect(TYPE.puback, 5);
  await until(async () => (await local.retained('#')).length === 3);
  client.send(publishPacket('r/0', 'y'.repeat(3000), { retain: true }), publishPacket('end', 'end'));
  await until(() => texts(got).includes('end'));
  assert.ok(codes().includes('retained-full'));
  assert.equal((await local.retained('r/0'))[0]?.payload.length, 1);
});

test('an absent session keeps so many messages and no more, and none it was refused', async () => {
  const { port, codes, broker } = await start({ maxQueuedPerClient: 5 });
  const away = await RawClient.open(port, { clientId: 'node/web/i1', clean: false });
  assert.deepEqual(await away.subscribe(['canopy/web/cmd', '#'], 1), [1, 128]);
  away.send(DISCONNECT);
  await away.ended();
  const local = broker.link({ name: '', instance: 'test' });
  for (let at = 0; at < 20; at++) {
    local.publish(message('canopy/web/cmd', `${at}`));
    local.publish(message('canopy/db/evt', 'not for you'));
  }
  assert.equal(await local.flush(5000), true);
  assert.deepEqual(codes(), ['not-authorized', 'queue-full']);
  const back = await RawClient.open(port, { clientId: 'node/web/i1', clean: false });
  await until(() => back.published.length >= 5);
  await back.fence();
  assert.deepEqual(texts(back.published), ['0', '1', '2', '3', '4']);
  for (const { id: messageId } of back.published)
    back.send(Buffer.from([0x40, 2, messageId >> 8, messageId & 255]));
  local.publish(message('canopy/web/cmd', 'more'));
  await until(() => texts(back.published).includes('more'));
});

test('a session that is there gets everything, though its queue is full', async () => {
  const { port, broker } = await start({ maxQueuedPerClient: 5 });
  const client = await RawClient.open(port, { clientId: id(), clean: false });
  await client.subscribe(['a'], 1);
  const local = broker.link({ name: '', instance: 'test' });
  for (let at = 0; at < 20; at++) local.publish(message('a', `${at}`));
  await until(() => client.published.length === 20);
  await client.fence();
});

test('nobody gets a higher QoS than it asked for', async () => {
  const { port, broker } = await start();
  const local = broker.link({ name: '', instance: 'test' });
  local.publish(message('a/stored', 'x', { retain: true }));
  await local.flush(1000);
  const [none, one] = [
    await RawClient.open(port, { clientId: id() }),
    await RawClient.open(port, { clientId: id() }),
  ];
  await none.subscribe(['#'], 0);
  await one.subscribe(['a/+'], 1);
  const publisher = await RawClient.open(port, { clientId: id() });
  publisher.send(publishPacket('a/live', 'x', { qos: 2 }));
  for (const [client, qos] of [
    [none, 0],
    [one, 1],
  ] as const) {
    await until(() => client.published.length === 2);
    assert.deepEqual(
      client.published.map(found => found.qos),
      [qos, qos],
    );
  }
});

test('who sends no CONNECT, or drips it, is cut off', async () => {
  const { port } = await start({ connectTimeoutMs: 200 });
  const [silent, dripping] = [new RawClient(port), new RawClient(port)];
  const drip = setInterval(() => dripping.socket.write(Buffer.from([0x10])), 50);
  await Promise.all([silent.ended(1500), dripping.ended(1500)]);
  clearInterval(drip);
});

test('a keepalive of none or too long is refused', async () => {
  const { port, codes } = await start({ keepaliveLimit: 100 });
  for (const keepalive of [0, 101]) {
    assert.equal(await new RawClient(port).connect({ clientId: id(), keepalive }), 5);
  }
  assert.deepEqual(codes(), ['bad-keepalive', 'bad-keepalive']);
  assert.equal(await new RawClient(port).connect({ clientId: id(), keepalive: 100 }), 0);
});

test('there is room for so many clients, and for one that comes again', async () => {
  const { port, codes, broker } = await start({ maxClients: 2 });
  await RawClient.open(port, { clientId: 'one' });
  const two = await RawClient.open(port, { clientId: 'two' });
  assert.equal(await new RawClient(port).connect({ clientId: 'three' }), 3);
  assert.deepEqual(codes(), ['too-many-clients']);
  await RawClient.open(port, { clientId: 'two' });
  await two.ended();
  await until(() => broker.connections.clients === 2);
});

test('a flood of sockets without CONNECT is bounded', async () => {
  const { port, broker } = await start({ maxClients: 1 });
  const clients = Array.from({ length: 130 }, () => new RawClient(port));
  await until(() => clients.filter(client => client.closed).length === 29);
  assert.equal(broker.connections.sockets, 101);
});

test('MQTT 5 is refused by CONNACK 1', async () => {
  const { port } = await start();
  const client = new RawClient(port);
  // A v5 CONNECT: the properties' length before the client id.
  client.send(packet(0x10, Buffer.from('\0\x04MQTT\x05\x02\0\x3c\0\0\x01a', 'latin1')));
  const [connack] = await client.expect(TYPE.connack, 1);
  assert.equal(connack?.body[1], 1);
});

test('random bytes, before and after CONNECT, harm nobody else', async () => {
  const { port } = await start();
  const witness = await RawClient.open(port, { clientId: id() });
  const clients = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      if (at % 2) return RawClient.open(port, { clientId: id() });
      return new RawClient(port);
    }),
  );
  for (const client of clients) {
    client.socket.write(randomBytes(300));
    client.socket.end();
  }
  for (const client of clients) await client.ended();
  await witness.fence();
  witness.send(PINGREQ);
  const fresh = await RawClient.open(port, { clientId: id() });
  assert.deepEqual(await fresh.subscribe(['a']), [0]);
});
