/** CONNECT and CONNACK (3.1, 3.2), DISCONNECT (3.14), and what is a client id. */
import assert from 'node:assert/strict';
import {
  connectPacket,
  DISCONNECT,
  PINGREQ,
  packet,
  publishPacket,
  subscribePacket,
} from '../support/raw-mqtt.js';
import { until } from '../support/wait.js';
import {
  type Bench,
  type Case,
  CONNACK,
  connectFrame,
  ILL_FORMED,
  payloads,
  received,
  text,
} from './bench.js';

const [USERNAME, PASSWORD, WILL_RETAIN, WILL, CLEAN] = [0x80, 0x40, 0x20, 4, 2];
const will = [text('c'), text('w'), text('gone')];

const refused = (clause: string, title: string, bytes: Buffer, notMosquitto?: string): Case => ({
  clause,
  title,
  run: bench => bench.refuses(bytes),
  ...(notMosquitto ? { notMosquitto } : {}),
});

const connack = (
  clause: string,
  title: string,
  bytes: (bench: Bench) => Buffer,
  code: number,
  notMosquitto?: string,
): Case => ({
  clause,
  title,
  async run(bench) {
    const answer = await bench.answer(bytes(bench));
    assert.deepEqual([answer?.flags, answer?.code], [0, code]);
    if (code !== 0) await answer?.client.ended(3000);
    else await answer?.client.fence();
  },
  ...(notMosquitto ? { notMosquitto } : {}),
});

const malformed: Case[] = [
  refused('MQTT-3.1.2-1', 'another protocol', connectFrame({ name: 'HTTP' })),
  refused('MQTT-3.1.2-1', 'a protocol in small letters', connectFrame({ name: 'mqtt' })),
  refused('MQTT-3.1.2-1', 'a protocol with more to its name', connectFrame({ name: 'MQTTX' })),
  refused('MQTT-3.1.2-3', 'the reserved flag', connectFrame({ flags: CLEAN | 1 })),
  refused('MQTT-3.1.2-13', 'a will QoS without a will', connectFrame({ flags: CLEAN | 8 })),
  refused('MQTT-3.1.2-14', 'a will of QoS 3', connectFrame({ flags: CLEAN | WILL | 0x18, fields: will })),
  refused('MQTT-3.1.2-15', 'a retained will without a will', connectFrame({ flags: CLEAN | WILL_RETAIN })),
  refused(
    'MQTT-3.1.2-22',
    'a password without a user name',
    connectFrame({ flags: CLEAN | PASSWORD, fields: [text('c'), text('p')] }),
  ),
  refused('MQTT-3.1.3-1', 'a user name that is not there', connectFrame({ flags: CLEAN | USERNAME })),
  refused('MQTT-3.1.3-1', 'a will that is not there', connectFrame({ flags: CLEAN | WILL })),
  refused('MQTT-3.1.3-3', 'no client id at all', connectFrame({ fields: [] })),
  refused(
    'MQTT-4.8.0-1',
    'a client id longer than the packet',
    connectFrame({ fields: [Buffer.from([0, 9, 0x63])] }),
  ),
  refused(
    'MQTT-4.8.0-1',
    'more than the flags announce',
    connectFrame({ fields: [text('c'), text('more')] }),
    'it takes no notice',
  ),
  refused('MQTT-4.8.0-1', 'nothing behind the protocol', packet(0x10, text('MQTT'))),
  refused('MQTT-4.8.0-1', 'nothing at all', packet(0x10)),
  refused(
    'MQTT-2.2.2-2',
    'CONNECT with wrong flags',
    Buffer.concat([Buffer.from([0x11]), connectFrame({}).subarray(1)]),
  ),
  refused(
    'MQTT-3.1.3-10',
    'a will topic with a wildcard',
    connectFrame({ flags: CLEAN | WILL, fields: [text('c'), text('w/#'), text('x')] }),
  ),
];

const first: Case[] = Object.entries({
  PUBLISH: publishPacket('a', 'x'),
  SUBSCRIBE: subscribePacket(['a']),
  PINGREQ,
  DISCONNECT,
}).map(([name, bytes]) => refused('MQTT-3.1.0-1', `${name} before CONNECT`, bytes));

const illFormed: Case[] = Object.entries(ILL_FORMED).flatMap(([what, bytes]) => [
  refused('MQTT-3.1.3-4', `a client id with ${what}`, connectFrame({ fields: [text(bytes)] })),
  refused(
    'MQTT-3.1.3-10',
    `a will topic with ${what}`,
    connectFrame({ flags: CLEAN | WILL, fields: [text('c'), text(bytes), text('x')] }),
  ),
  refused(
    'MQTT-3.1.3-11',
    `a user name with ${what}`,
    connectFrame({ flags: CLEAN | USERNAME, fields: [text('c'), text(bytes)] }),
  ),
]);

const ids: Case[] = [
  connack(
    'MQTT-3.1.3-5',
    'an id of 23 letters and digits',
    bench => connectPacket({ clientId: `${bench.fresh()}0123456789abcdefghijABC`.slice(0, 23) }),
    0,
  ),
  connack('MQTT-3.1.3-5', 'an id of one letter', () => connectPacket({ clientId: 'Z' }), 0),
  connack(
    'MQTT-3.1.3-6',
    'a long id, and a foreign one',
    bench => connectPacket({ clientId: `${bench.fresh()} ${'ü€😀'.repeat(30)}` }),
    0,
  ),
  connack('MQTT-3.1.3-7', 'no id, with clean=true', () => connectPacket({ clientId: '' }), 0),
  connack(
    'MQTT-3.1.3-8',
    'no id, with clean=false: CONNACK 2',
    () => connectPacket({ clientId: '', clean: false }),
    2,
  ),
  refused('MQTT-1.5.3-2', 'NUL in a client id', connectPacket({ clientId: 'a\0b' })),
  refused(
    'MQTT-1.5.3-2',
    'NUL in a user name',
    connectFrame({ flags: CLEAN | USERNAME, fields: [text('c'), text('a\0b')] }),
  ),
  refused(
    'MQTT-1.5.3-2',
    'NUL in a will topic',
    connectFrame({ flags: CLEAN | WILL, fields: [text('c'), text('a\0b'), text('x')] }),
  ),
  refused('MQTT-1.5.3-2', 'a control character in a client id', connectPacket({ clientId: 'a\u0007b' })),
  refused('MQTT-1.5.3-2', 'one of the upper ones', connectPacket({ clientId: 'a\u0085b' })),
  {
    clause: 'MQTT-3.1.3-6',
    title: 'two clients without an id are two',
    async run(bench) {
      const [one, two] = [await bench.open({ clientId: '' }), await bench.open({ clientId: '' })];
      await Promise.all([one.fence(), two.fence()]);
    },
  },
];

export const CONNECTING: Case[] = [
  ...malformed,
  ...first,
  ...illFormed,
  ...ids,
  connack('MQTT-3.1.2-2', 'a version that does not exist: CONNACK 1', () => connectFrame({ level: 6 }), 1),
  connack(
    'MQTT-3.1.2-2',
    'version 5: CONNACK 1',
    () => connectFrame({ level: 5, fields: [Buffer.from([0]), text('c')] }),
    1,
    'it speaks it',
  ),
  connack(
    'MQTT-3.2.2-1',
    'clean=true: no session present',
    bench => connectPacket({ clientId: bench.fresh() }),
    0,
  ),
  {
    clause: 'MQTT-3.1.2-24',
    title: 'a keepalive of none: CONNACK 5 here, which 3.1.2.10 leaves to the server; mosquitto grants it',
    async run(bench) {
      const answer = await bench.answer(connectPacket({ clientId: bench.fresh(), keepalive: 0 }));
      assert.equal(answer?.code, bench.ours ? 5 : 0);
    },
  },
  {
    clause: 'MQTT-3.1.0-2',
    title: 'a second CONNECT ends the connection',
    async run(bench) {
      const clientId = bench.fresh();
      const client = await bench.open({ clientId });
      client.send(connectPacket({ clientId }));
      await client.ended(3000);
      assert.equal(client.of(CONNACK).length, 1);
    },
  },
  {
    clause: 'MQTT-3.1.4-2',
    title: 'a client of the same id takes over',
    async run(bench) {
      const clientId = bench.fresh();
      const old = await bench.open({ clientId });
      const next = await bench.open({ clientId });
      await old.ended(3000);
      await next.fence();
    },
  },
  {
    clause: 'MQTT-3.1.4-5',
    title: 'what is sent without waiting for the CONNACK is handled, and answered after it',
    async run(bench) {
      const [clientId, topic] = [bench.fresh(), bench.fresh()];
      const client = bench.raw();
      client.send(
        connectPacket({ clientId }),
        subscribePacket([topic], 1),
        publishPacket(topic, 'early', { qos: 1, id: 9 }),
      );
      await until(() => client.published.length === 1);
      assert.equal(client.packets[0]?.type, CONNACK);
      assert.deepEqual(payloads(client.published), ['early']);
    },
  },
  {
    clause: 'MQTT-3.1.4-5',
    title: 'and of one who is turned away nothing is handled',
    async run(bench) {
      const topic = bench.fresh();
      const watcher = await bench.open();
      await watcher.subscribe([topic]);
      const client = bench.raw();
      client.send(connectFrame({ level: 6 }), publishPacket(topic, 'no'));
      await client.ended(3000);
      assert.deepEqual(await received(watcher, watcher, topic), []);
    },
  },
  {
    clause: 'MQTT-3.14.4-1',
    title: 'DISCONNECT ends the connection',
    async run(bench) {
      const client = await bench.open();
      client.send(DISCONNECT);
      await client.ended(3000);
    },
  },
  {
    clause: 'MQTT-3.14.4-2',
    title: 'and nothing behind it is handled',
    async run(bench) {
      const topic = bench.fresh();
      const watcher = await bench.open();
      await watcher.subscribe([topic]);
      const client = await bench.open();
      client.send(DISCONNECT, publishPacket(topic, 'late'));
      await client.ended(3000);
      assert.deepEqual(await received(watcher, watcher, topic), []);
    },
  },
  {
    clause: 'MQTT-3.1.2-24',
    title: 'silence for one and a half keepalives ends the connection, a ping does not',
    async run(bench) {
      const [silent, alive] = [await bench.open({ keepalive: 1 }), await bench.open({ keepalive: 1 })];
      const from = performance.now();
      const pings = setInterval(() => alive.send(PINGREQ), 300);
      await silent.ended(10_000).finally(() => clearInterval(pings));
      assert.ok(performance.now() - from > 1000, 'before the keepalive was over');
      await alive.fence();
    },
  },
];
