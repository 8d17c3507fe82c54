/** SUBSCRIBE and UNSUBSCRIBE (3.8 to 3.11), and which filters mean which topics (4.7). */
import assert from 'node:assert/strict';
import { packet, publishPacket, subscribePacket } from '../support/raw-mqtt.js';
import { until } from '../support/wait.js';
import {
  type Bench,
  type Case,
  ILL_FORMED,
  idOf,
  number,
  PUBACK,
  payloads,
  received,
  SUBACK,
  text,
  UNSUBACK,
  unsubscribe,
} from './bench.js';

const closes = (clause: string, title: string, ...bytes: Buffer[]): Case => ({
  clause,
  title,
  run: bench => bench.closesOn(...bytes),
});
const qos = (value: number): Buffer => Buffer.from([value]);

const malformed: Case[] = [
  closes('MQTT-3.8.3-3', 'SUBSCRIBE without a filter', packet(0x82, number(1))),
  closes('MQTT-4.8.0-1', 'SUBSCRIBE without a QoS', packet(0x82, number(1), text('a'))),
  closes('MQTT-3.8.3-4', 'SUBSCRIBE with QoS 3', packet(0x82, number(1), text('a'), qos(3))),
  closes('MQTT-3.8.3-4', 'SUBSCRIBE with a reserved bit', packet(0x82, number(1), text('a'), qos(4))),
  closes('MQTT-3.8.3-4', 'SUBSCRIBE with the topmost bit', packet(0x82, number(1), text('a'), qos(0x80))),
  closes(
    'MQTT-4.8.0-1',
    'a filter longer than the packet',
    packet(0x82, number(1), Buffer.from([0, 9, 0x61, 0])),
  ),
  closes('MQTT-4.8.0-1', 'SUBSCRIBE without anything', packet(0x82)),
  closes('MQTT-1.5.3-2', 'NUL in a filter', subscribePacket(['a\0b'])),
  closes('MQTT-3.10.3-2', 'UNSUBSCRIBE without a filter', packet(0xa2, number(1))),
  closes('MQTT-4.8.0-1', 'UNSUBSCRIBE without anything', packet(0xa2)),
  closes(
    'MQTT-4.8.0-1',
    'UNSUBSCRIBE with a filter longer than it',
    packet(0xa2, number(1), Buffer.from([0, 9, 0x61])),
  ),
  closes('MQTT-1.5.3-2', 'NUL in a filter to unsubscribe from', unsubscribe(['a\0b'])),
  ...Object.entries(ILL_FORMED).flatMap(([what, bytes]) => [
    closes('MQTT-3.8.3-1', `a filter with ${what}`, packet(0x82, number(1), text(bytes), qos(0))),
    closes(
      'MQTT-3.10.3-1',
      `a filter to unsubscribe from with ${what}`,
      packet(0xa2, number(1), text(bytes)),
    ),
  ]),
];

/** Filters that are none: ours says so by SUBACK, as 3.9.3 provides, and grants the others; mosquitto closes. */
const none: Case[] = ['a/#/b', 'a#', '#a', 'a+', '+a', 'a/b+/c', 'a/+b', ''].map(filter => ({
  clause: filter === '' ? 'MQTT-4.7.3-1' : filter.includes('#') ? 'MQTT-4.7.1-2' : 'MQTT-4.7.1-3',
  title: `the filter ${JSON.stringify(filter)} is refused`,
  async run(bench) {
    const client = await bench.open();
    const topic = bench.fresh();
    if (bench.ours) assert.deepEqual(await client.subscribe([topic, filter, `${topic}/#`], 1), [1, 128, 1]);
    else {
      client.send(subscribePacket([topic, filter]));
      await client.ended(3000);
    }
  },
}));

/** Ends of topics, below a name that a case has to itself, that a filter means and that it does not. */
const MEANING: Record<string, [means: string[], not: string[]]> = {
  '/a': [['/a'], ['/A', '/a/', '/a/b', '', '/ab']],
  '/+': [
    ['/a', '/'],
    ['', '/a/b', '/a/'],
  ],
  '/#': [
    ['', '/', '/a', '/a/b/c', '//'],
    ['a', 'x/a'],
  ],
  '/+/b': [
    ['/a/b', '//b'],
    ['/b', '/a/a/b', '/a/b/'],
  ],
  '/a/+': [
    ['/a/b', '/a/'],
    ['/a', '/a/b/c'],
  ],
  '/+/+': [
    ['/a/b', '//', '/a/'],
    ['/a', '/a/b/c'],
  ],
  '/a/#': [
    ['/a', '/a/', '/a/b', '/a/b/c'],
    ['/ab', '/b/a', ''],
  ],
  '/+/b/#': [
    ['/a/b', '/a/b/c', '//b/'],
    ['/b', '/a/c'],
  ],
  '/+/#': [['/a', '/a/b', '/', '//'], ['']],
  '/a/+/c': [
    ['/a/b/c', '/a//c'],
    ['/a/c', '/a/b/b/c'],
  ],
  '//': [['//'], ['/', '///']],
};

const meanings: Case[] = Object.entries(MEANING).map(([filter, [means, not]]) => ({
  clause: 'MQTT-4.7.1-2',
  title: `t${filter} means ${means.map(end => `t${end}`).join(' ')} and not ${not.map(end => `t${end}`).join(' ')}`,
  async run(bench) {
    const base = bench.fresh();
    const [subscriber, client] = [await bench.open(), await bench.open()];
    await subscriber.subscribe([`${base}${filter}`]);
    for (const end of [...means, ...not]) client.send(publishPacket(`${base}${end}`, `t${end}`));
    assert.deepEqual(
      payloads(await received(subscriber, client, `${base}${means[0]}`)),
      means.map(end => `t${end}`),
    );
  },
}));

const dollar: Case[] = ['#', '+/x', '+/#'].map(filter => ({
  clause: 'MQTT-4.7.2-1',
  title: `${filter} means nothing that begins with $`,
  async run(bench) {
    const name = bench.fresh();
    const [subscriber, client] = [await bench.open(), await bench.open()];
    await subscriber.subscribe([filter]);
    client.send(publishPacket(`$${name}/x`, 'no'), publishPacket(`$SYS/x`, 'no'));
    await client.fence();
    const got = await received(subscriber, await bench.open(), `${name}/x`);
    assert.ok(got.every(({ topic }) => !topic.startsWith('$')));
  },
}));

async function overlapping(bench: Bench, filters: readonly (readonly [string, number])[], published: number) {
  const topic = bench.fresh();
  const [subscriber, client] = [await bench.open(), await bench.open()];
  for (const [at, [filter, asked]] of filters.entries()) {
    subscriber.send(subscribePacket([`${topic}${filter}`], asked, at + 1));
    await subscriber.expect(SUBACK, at + 1);
  }
  client.send(publishPacket(`${topic}/a/b`, 'x', { qos: published }));
  return received(subscriber, client, `${topic}/a/b`);
}

const OVERLAPS: [filters: [string, number][], expected: number][] = [
  [
    [
      ['/a/b', 0],
      ['/#', 1],
    ],
    1,
  ],
  [
    [
      ['/#', 1],
      ['/a/b', 0],
    ],
    1,
  ],
  [
    [
      ['/+/b', 0],
      ['/a/+', 1],
      ['/#', 0],
    ],
    1,
  ],
  [
    [
      ['/#', 0],
      ['/a/#', 0],
    ],
    0,
  ],
];

export const SUBSCRIBING: Case[] = [
  ...malformed,
  ...none,
  ...meanings,
  ...dollar,
  ...OVERLAPS.map(
    ([filters, expected]): Case => ({
      clause: 'MQTT-3.3.5-1',
      title: `overlapping ${filters.map(([filter, asked]) => `t${filter}:${asked}`).join(' ')}: the highest QoS is kept to`,
      async run(bench) {
        const got = await overlapping(bench, filters, 1);
        assert.ok(got.length >= 1 && got.length <= filters.length);
        assert.equal(Math.max(...got.map(message => message.qos)), expected);
      },
      ...(filters.length === 2 && expected > 0
        ? { notMosquitto: 'it keeps to the filter that it finds first' }
        : {}),
    }),
  ),
  {
    clause: 'MQTT-3.8.4-5',
    title: 'SUBACK: the id, and a code for each filter, in order',
    async run(bench) {
      const topic = bench.fresh();
      const client = await bench.open();
      const filters = [2, 0, 1].map((asked, at) => Buffer.concat([text(`${topic}/${at}`), qos(asked)]));
      client.send(packet(0x82, number(4660), ...filters));
      const [suback] = await client.expect(SUBACK, 1);
      assert.deepEqual([...(suback?.body ?? [])], [0x12, 0x34, 2, 0, 1]);
    },
  },
  {
    clause: 'MQTT-3.8.4-5',
    title: 'also where one filter is there twice; the later QoS counts',
    async run(bench) {
      const topic = bench.fresh();
      const client = await bench.open();
      const filters = [0, 1].map(asked => Buffer.concat([text(topic), qos(asked)]));
      client.send(packet(0x82, number(1), ...filters));
      const [suback] = await client.expect(SUBACK, 1);
      assert.deepEqual([...(suback?.body.subarray(2) ?? [])], [0, 1]);
      client.send(publishPacket(topic, 'x', { qos: 1, id: 3 }));
      await until(() => client.published.length === 1);
      assert.equal(client.published[0]?.qos, 1);
    },
  },
  {
    clause: 'MQTT-3.8.4-3',
    title: 'the same filter again takes the place of the earlier one: one copy, with its QoS',
    async run(bench) {
      const topic = bench.fresh();
      const [client, other] = [await bench.open(), await bench.open()];
      await client.subscribe([topic], 1);
      await client.subscribe([topic], 0);
      other.send(publishPacket(topic, 'x', { qos: 1 }));
      const got = await received(client, other, topic);
      assert.deepEqual(
        got.map(message => [message.payload.toString(), message.qos]),
        [['x', 0]],
      );
    },
  },
  {
    clause: 'MQTT-3.10.4-1',
    title: 'UNSUBSCRIBE ends what is equal by the character, and nothing else',
    async run(bench) {
      const topic = bench.fresh();
      const [client, other] = [await bench.open(), await bench.open()];
      await client.subscribe([`${topic}/a`, `${topic}/b`, `${topic}/+/c`], 1);
      client.send(unsubscribe([`${topic}/a`, `${topic}/+`, `${topic}/x/c`, `${topic}/B`], 258));
      const [unsuback] = await client.expect(UNSUBACK, 1);
      assert.deepEqual(
        [unsuback && idOf(unsuback.body), unsuback?.body.length, unsuback?.flags],
        [258, 2, 0],
      );
      for (const end of ['a', 'b', 'x/c']) other.send(publishPacket(`${topic}/${end}`, end));
      assert.deepEqual(payloads(await received(client, other, `${topic}/b`)), ['b', 'x/c']);
    },
  },
  {
    clause: 'MQTT-3.10.4-5',
    title: 'UNSUBACK also for what was never subscribed to',
    async run(bench) {
      const client = await bench.open();
      client.send(unsubscribe([bench.fresh()], 9));
      const [unsuback] = await client.expect(UNSUBACK, 1);
      assert.equal(unsuback && idOf(unsuback.body), 9);
    },
  },
  {
    clause: 'MQTT-3.10.4-3',
    title: 'a delivery under way is seen through after UNSUBSCRIBE',
    async run(bench) {
      const topic = bench.fresh();
      const [client, other] = [await bench.open(), await bench.open()];
      await client.subscribe([topic], 2);
      other.send(publishPacket(topic, 'x', { qos: 2 }));
      await other.expect(5, 1);
      other.send(Buffer.from([0x62, 2, 0, 1]));
      await until(() => client.published.length === 1);
      client.send(unsubscribe([topic], 2));
      await client.expect(UNSUBACK, 1);
      const id = client.published[0]?.id ?? 0;
      client.send(packet(0x50, number(id)));
      const [pubrel] = await client.expect(6, 1);
      assert.equal(pubrel && idOf(pubrel.body), id);
    },
  },
  {
    clause: 'MQTT-3.8.4-1',
    title: 'who publishes hears himself, where he is subscribed',
    async run(bench) {
      const topic = bench.fresh();
      const client = await bench.open();
      await client.subscribe([topic], 1);
      client.send(publishPacket(topic, 'x', { qos: 1 }));
      await client.expect(PUBACK, 1);
      await until(() => client.published.length === 1);
    },
  },
];
