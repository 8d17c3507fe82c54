/** PUBLISH (3.3) and its flows (4.3), what is retained, order (4.6). */
import assert from 'node:assert/strict';
import { DISCONNECT, packet, publishPacket, type RawClient } from '../support/raw-mqtt.js';
import { until } from '../support/wait.js';
import {
  ack,
  again,
  type Bench,
  type Case,
  ILL_FORMED,
  idOf,
  number,
  PUBACK,
  PUBCOMP,
  PUBREC,
  PUBREL,
  packetOf,
  payloads,
  received,
  text,
} from './bench.js';

const closes = (clause: string, title: string, bytes: Buffer, notMosquitto?: string): Case => ({
  clause,
  title,
  run: bench => bench.closesOn(bytes),
  ...(notMosquitto ? { notMosquitto } : {}),
});

const malformed: Case[] = [
  closes('MQTT-3.3.1-4', 'QoS 3', packet(0x36, text('a'), number(1))),
  closes('MQTT-3.3.1-2', 'DUP with QoS 0', packet(0x38, text('a')), 'it takes it'),
  closes('MQTT-4.8.0-1', 'nothing in it', packet(0x30)),
  closes('MQTT-4.8.0-1', 'a topic longer than the packet', packet(0x30, Buffer.from([0, 9, 0x61]))),
  closes('MQTT-4.8.0-1', 'QoS 1 without an id', packet(0x32, text('a'))),
  closes('MQTT-1.5.3-2', 'NUL in a topic', publishPacket('a\0b', 'x')),
  closes('MQTT-1.5.3-2', 'NUL in a topic of QoS 1', publishPacket('a\0b', 'x', { qos: 1 })),
  ...Object.entries(ILL_FORMED).map(([what, bytes]) =>
    closes('MQTT-3.3.2-1', `a topic with ${what}`, packet(0x30, text(bytes))),
  ),
];

/** Mosquitto closes; ours acknowledges, reports and drops: a client that repeats it for ever would flap, and so harm itself only. */
const dropped: Case[] = (
  [
    ['MQTT-3.3.2-2', 'a wildcard in a topic', (base: string) => `${base}/+`],
    ['MQTT-3.3.2-2', 'a # in a topic', (base: string) => `${base}/#`],
    ['MQTT-4.7.3-1', 'an empty topic', () => ''],
    ['MQTT-1.5.3-2', 'a control character in a topic', (base: string) => `${base}/\u0007`],
  ] as const
).map(([clause, title, topicOf]) => ({
  clause,
  title: `${title} goes nowhere`,
  async run(bench: Bench) {
    const topic = bench.fresh();
    const watcher = await bench.open();
    await watcher.subscribe([`${topic}/#`]);
    const client = await bench.open();
    client.send(publishPacket(topicOf(topic), 'x', { qos: 1, id: 3, retain: true }));
    if (bench.ours) await client.expect(PUBACK, 1);
    else await client.ended(3000);
    assert.deepEqual(await received(watcher, watcher, topic), []);
  },
}));

const granted: Case[] = [0, 1, 2].flatMap(published =>
  [0, 1, 2].map((asked): Case => {
    const qos = Math.min(published, asked);
    return {
      clause: 'MQTT-3.8.4-6',
      title: `published with QoS ${published}, asked for with ${asked}: QoS ${qos}, live and retained`,
      async run(bench) {
        const topic = bench.fresh();
        const publisher = await bench.open();
        const live = await bench.open();
        await live.subscribe([`${topic}/+`], asked);
        publisher.send(publishPacket(`${topic}/a`, 'x', { qos: published, retain: true }));
        if (published === 2) {
          await publisher.expect(PUBREC, 1);
          publisher.send(ack(PUBREL, 1));
        }
        await until(() => live.published.length === 1);
        const late = await bench.open();
        await late.subscribe([`${topic}/a`], asked);
        await until(() => late.published.length === 1);
        assert.deepEqual([live.published[0]?.qos, late.published[0]?.qos], [qos, qos]);
      },
    };
  }),
);

const flows: Case[] = [
  {
    clause: 'MQTT-4.3.2-2',
    title: 'QoS 1: a PUBACK with the id for each, repetitions included',
    async run(bench) {
      const client = await bench.open();
      const message = publishPacket(bench.fresh(), 'x', { qos: 1, id: 513 });
      client.send(message, again(message), publishPacket(bench.fresh(), 'x', { qos: 1, id: 65_535 }));
      const acks = await client.expect(PUBACK, 3);
      assert.deepEqual(
        acks.map(({ body, flags }) => [idOf(body), flags, body.length]),
        [513, 513, 65_535].map(id => [id, 0, 2]),
      );
    },
  },
  {
    clause: 'MQTT-4.3.3-2',
    notMosquitto: 'it does not answer every repetition',
    title: 'QoS 2: PUBREC, PUBCOMP; delivered once however often it is repeated before PUBREL, anew after it',
    async run(bench) {
      const topic = bench.fresh();
      const watcher = await bench.open();
      await watcher.subscribe([topic]);
      const client = await bench.open();
      const message = publishPacket(topic, 'x', { qos: 2, id: 7 });
      client.send(message);
      await client.expect(PUBREC, 1);
      client.send(again(message), again(message));
      const recs = await client.expect(PUBREC, 3);
      assert.deepEqual(
        recs.map(({ body }) => idOf(body)),
        [7, 7, 7],
      );
      client.send(ack(PUBREL, 7));
      await client.expect(PUBCOMP, 1);
      client.send(publishPacket(topic, 'y', { qos: 2, id: 7 }));
      await client.expect(PUBREC, 4);
      client.send(ack(PUBREL, 7));
      await client.expect(PUBCOMP, 2);
      assert.deepEqual(payloads(await received(watcher, client, topic)), ['x', 'y']);
    },
  },
  {
    clause: 'MQTT-4.3.3-2',
    title: 'a PUBREL again, its PUBCOMP lost, and one that belongs to nothing: PUBCOMP',
    async run(bench) {
      const client = await bench.open();
      client.send(publishPacket(bench.fresh(), 'x', { qos: 2, id: 7 }));
      await client.expect(PUBREC, 1);
      client.send(ack(PUBREL, 7), ack(PUBREL, 7), ack(PUBREL, 99));
      const comps = await client.expect(PUBCOMP, 3);
      assert.deepEqual(comps.map(({ body }) => idOf(body)).sort(), [7, 7, 99]);
    },
  },
  {
    clause: 'MQTT-4.3.3-1',
    title: 'to a subscriber of QoS 2: PUBREL for its PUBREC, again for the same again',
    async run(bench) {
      const topic = bench.fresh();
      const [subscriber, client] = [await bench.open(), await bench.open()];
      await subscriber.subscribe([topic], 2);
      client.send(publishPacket(topic, 'x', { qos: 2, id: 7 }));
      await client.expect(PUBREC, 1);
      client.send(ack(PUBREL, 7));
      await until(() => subscriber.published.length === 1);
      const id = subscriber.published[0]?.id ?? 0;
      assert.ok(id > 0);
      subscriber.send(ack(PUBREC, id));
      const [pubrel] = await subscriber.expect(PUBREL, 1);
      assert.deepEqual([pubrel && idOf(pubrel.body), pubrel?.flags], [id, 2]);
      subscriber.send(ack(PUBREC, id), ack(PUBCOMP, id));
      await subscriber.fence();
    },
  },
  {
    clause: 'MQTT-3.3.1-3',
    title: 'DUP is not handed on',
    async run(bench) {
      const topic = bench.fresh();
      const [subscriber, client] = [await bench.open(), await bench.open()];
      await subscriber.subscribe([topic], 1);
      client.send(again(publishPacket(topic, 'x', { qos: 1 })));
      await until(() => subscriber.published.length === 1);
      assert.equal(packetOf(subscriber).flags & 8, 0);
    },
  },
  {
    clause: 'MQTT-2.3.1-4',
    title: 'a hundred under way to one subscriber have a hundred ids, none of them 0',
    async run(bench) {
      const topic = bench.fresh();
      const [subscriber, client] = [await bench.open(), await bench.open()];
      await subscriber.subscribe([topic], 1);
      for (let at = 1; at <= 100; at++) client.send(publishPacket(topic, `${at}`, { qos: 1, id: at }));
      // Mosquitto has twenty under way at a time.
      await until(() => subscriber.published.length >= (bench.ours ? 100 : 20));
      const ids = subscriber.published.map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      assert.ok(!ids.includes(0));
    },
  },
];

/** Sees every delivery through, as it comes. */
class Settling {
  seen = 0;
  #released = 0;

  constructor(
    private readonly client: RawClient,
    private readonly qos: number,
  ) {}

  step(): number {
    const { published } = this.client;
    for (; this.seen < published.length; this.seen++) {
      const id = published[this.seen]?.id ?? 0;
      if (this.qos > 0) this.client.send(ack(this.qos === 1 ? PUBACK : PUBREC, id));
    }
    for (const { body } of this.client.of(PUBREL).slice(this.#released)) {
      this.#released++;
      this.client.send(ack(PUBCOMP, idOf(body)));
    }
    return this.seen;
  }
}

/** So many at a time as common clients have under way. */
const CHUNK = 20;

const order: Case[] = ([0, 1, 2] as const).map(qos => ({
  clause: 'MQTT-4.6.0-6',
  title: `two hundred of QoS ${qos} arrive, and are acknowledged, in order`,
  async run(bench) {
    const topic = bench.fresh();
    const [subscriber, client] = [await bench.open(), await bench.open()];
    await subscriber.subscribe([`${topic}/#`], qos);
    const texts = Array.from({ length: 200 }, (_, at) => `${at}`);
    const settling = new Settling(subscriber, qos);
    for (let from = 0; from < texts.length; from += CHUNK) {
      const ids = Array.from({ length: CHUNK }, (_, at) => from + at + 1);
      client.send(...ids.map(id => publishPacket(`${topic}/${id % 3}`, `${id - 1}`, { qos, id })));
      if (qos === 2) {
        await client.expect(PUBREC, from + CHUNK);
        client.send(...ids.map(id => ack(PUBREL, id)));
        await client.expect(PUBCOMP, from + CHUNK);
      }
      await until(() => settling.step() === from + CHUNK);
    }
    assert.deepEqual(payloads(subscriber.published), texts);
    if (qos === 0) return;
    const acks = await client.expect(qos === 1 ? PUBACK : PUBREC, 200);
    assert.deepEqual(
      acks.map(({ body }) => idOf(body)),
      texts.map((_, at) => at + 1),
    );
  },
}));

const contents: Case[] = [
  {
    clause: 'MQTT-3.3.3',
    title: 'payloads of no bytes, of every byte, of 60 KB and of 200 KB come as they were',
    async run(bench) {
      const topic = bench.fresh();
      const [subscriber, client] = [await bench.open(), await bench.open()];
      await subscriber.subscribe([topic], 1);
      const every = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
      const sent = [Buffer.alloc(0), every, Buffer.alloc(60_000, 'x'), Buffer.alloc(200_000, 'y')];
      client.send(...sent.map((payload, at) => publishPacket(topic, payload, { qos: 1, id: at + 1 })));
      await until(() => subscriber.published.length === sent.length);
      assert.ok(subscriber.published.every(({ payload }, at) => payload.equals(sent[at] as Buffer)));
    },
  },
  {
    clause: 'MQTT-1.5.3-3',
    title: 'a byte order mark is a part of the topic, as are spaces, slashes, capitals, and any script',
    async run(bench) {
      const base = bench.fresh();
      const topics = ['\ufeffa', 'a', 'A', ' a', 'a b', '/', '//', 'a/', '日本語', 'é', 'e\u0301', '😀'].map(
        end => `${base}${end}`,
      );
      const [subscriber, client] = [await bench.open(), await bench.open()];
      await subscriber.subscribe(topics.slice(0, 1));
      client.send(...topics.map(topic => publishPacket(topic, topic)));
      assert.deepEqual(payloads(await received(subscriber, client, topics[0] as string)), topics.slice(0, 1));
      const all = await bench.open();
      await all.subscribe(topics);
      client.send(...topics.map(topic => publishPacket(topic, topic)));
      const got = await received(all, client, topics[1] as string);
      assert.deepEqual(
        got.map(({ topic }) => topic),
        topics,
      );
    },
  },
];

const retained: Case[] = [
  {
    clause: 'MQTT-3.3.1-8',
    title: 'a new subscription gets the last one of each topic, flagged; who had one gets it live, without',
    async run(bench) {
      const topic = bench.fresh();
      const [live, client] = [await bench.open(), await bench.open()];
      await live.subscribe([`${topic}/#`]);
      for (const [end, payload] of [
        ['a', '1'],
        ['a', '2'],
        ['b', '3'],
      ] as const)
        client.send(publishPacket(`${topic}/${end}`, payload, { retain: true }));
      await until(() => live.published.length === 3);
      assert.ok(
        live.published.every(({ retain }) => !retain),
        'MQTT-3.3.1-9',
      );
      const late = await bench.open();
      await late.subscribe([`${topic}/+`]);
      const got = await received(late, client, `${topic}/z`);
      assert.deepEqual(payloads(got).sort(), ['2', '3']);
      assert.ok(got.every(({ retain }) => retain));
    },
  },
  {
    clause: 'MQTT-3.3.1-10',
    title: 'an empty one takes it out, and is delivered itself; its like is not stored',
    async run(bench) {
      const topic = bench.fresh();
      const [live, client] = [await bench.open(), await bench.open()];
      await live.subscribe([topic]);
      client.send(publishPacket(topic, 'x', { retain: true }), publishPacket(topic, '', { retain: true }));
      await until(() => live.published.length === 2);
      assert.deepEqual(payloads(live.published), ['x', '']);
      const late = await bench.open();
      await late.subscribe([topic]);
      assert.deepEqual(await received(late, client, topic), []);
    },
  },
  {
    clause: 'MQTT-3.3.1-12',
    title: 'one without the flag neither replaces nor takes it out, and it outlives who published it',
    async run(bench) {
      const topic = bench.fresh();
      const client = await bench.open();
      client.send(
        publishPacket(topic, 'kept', { retain: true }),
        publishPacket(topic, 'other'),
        publishPacket(topic, ''),
      );
      await client.fence();
      client.send(DISCONNECT);
      await client.ended(3000);
      const late = await bench.open();
      await late.subscribe([topic]);
      assert.deepEqual(payloads(await received(late, late, topic)), ['kept']);
    },
  },
  {
    clause: 'MQTT-3.8.4-3',
    title: 'asked for again it comes again, though the subscription is there already',
    async run(bench) {
      const topic = bench.fresh();
      const client = await bench.open();
      client.send(publishPacket(topic, 'kept', { retain: true }));
      await client.fence();
      await client.subscribe([topic], 1);
      await until(() => client.published.length === 1);
      await client.subscribe([topic], 1);
      await until(() => client.published.length === 2);
      assert.ok(client.published.every(({ retain }) => retain));
    },
  },
];

export const PUBLISHING: Case[] = [
  ...malformed,
  ...dropped,
  ...granted,
  ...flows,
  ...order,
  ...contents,
  ...retained,
];
