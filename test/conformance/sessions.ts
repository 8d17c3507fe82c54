/** What of a client outlives its connection: sessions (3.1.2.4), what is sent again (4.4), and wills (3.1.2.5). */
import assert from 'node:assert/strict';
import { DISCONNECT, publishPacket, type RawClient } from '../support/raw-mqtt.js';
import { until } from '../support/wait.js';
import {
  ack,
  again,
  type Bench,
  type Case,
  idOf,
  PUBACK,
  PUBCOMP,
  PUBLISH,
  PUBREC,
  PUBREL,
  packetOf,
  payloads,
  received,
  unsubscribe,
} from './bench.js';

async function leave(client: RawClient): Promise<void> {
  client.send(DISCONNECT);
  await client.ended(3000);
}

/** A session with one subscription that is away, and someone who publishes to it. */
async function absent(
  bench: Bench,
  qos: number,
): Promise<{ id: string; topic: string; publisher: RawClient }> {
  const [id, topic] = [bench.fresh(), bench.fresh()];
  const [client] = await bench.session(id);
  await client.subscribe([`${topic}/#`], qos);
  await leave(client);
  return { id, topic, publisher: await bench.open() };
}

/** Publishes with QoS 2 and sees it through. */
async function publish2(client: RawClient, topic: string, payload: string, id: number): Promise<void> {
  client.send(publishPacket(topic, payload, { qos: 2, id }));
  await client.expect(PUBREC, id);
  client.send(ack(PUBREL, id));
  await client.expect(PUBCOMP, id);
}

export const SESSIONS: Case[] = [
  {
    clause: 'MQTT-3.2.2-2',
    title: 'a session is present from the second time on, also without subscriptions',
    async run(bench) {
      const id = bench.fresh();
      const [first, before] = await bench.session(id);
      await leave(first);
      const [, after] = await bench.session(id);
      assert.deepEqual([before, after], [false, true]);
    },
  },
  {
    clause: 'MQTT-3.1.2-6',
    title: 'clean=true discards it: subscriptions and what waits',
    async run(bench) {
      const { id, topic, publisher } = await absent(bench, 1);
      publisher.send(publishPacket(`${topic}/a`, 'old', { qos: 1 }));
      await publisher.expect(PUBACK, 1);
      await leave(await bench.open({ clientId: id }));
      const [back, present] = await bench.session(id);
      assert.equal(present, false);
      await back.subscribe([`${topic}/b`]);
      assert.deepEqual(await received(back, publisher, `${topic}/b`), []);
    },
  },
  {
    clause: 'MQTT-3.1.2-5',
    title: 'what was published with QoS 1 and 2 meanwhile comes, in order, with the QoS asked for',
    async run(bench) {
      const { id, topic, publisher } = await absent(bench, 1);
      publisher.send(publishPacket(`${topic}/a`, '1', { qos: 1, id: 1 }));
      await publisher.expect(PUBACK, 1);
      await publish2(publisher, `${topic}/b`, '2', 1);
      publisher.send(publishPacket(`${topic}/c`, '3', { qos: 1, id: 3 }));
      await publisher.expect(PUBACK, 2);
      const [back, present] = await bench.session(id);
      await until(() => back.published.length === 3);
      assert.equal(present, true);
      assert.deepEqual(
        back.published.map(({ payload, qos }) => [payload.toString(), qos]),
        ['1', '2', '3'].map(payload => [payload, 1]),
      );
    },
  },
  {
    clause: 'MQTT-3.1.2-4',
    title: 'its subscriptions go on without being asked for',
    async run(bench) {
      const { id, topic, publisher } = await absent(bench, 0);
      const [back] = await bench.session(id);
      publisher.send(publishPacket(`${topic}/a`, 'live'));
      assert.deepEqual(payloads(await received(back, publisher, `${topic}/z`)), ['live']);
    },
  },
  {
    clause: 'MQTT-3.1.2-4',
    title: 'what is retained is no part of it: no replay on coming back',
    async run(bench) {
      const [id, topic] = [bench.fresh(), bench.fresh()];
      const [client] = await bench.session(id);
      const publisher = await bench.open();
      publisher.send(publishPacket(topic, 'kept', { retain: true }));
      await publisher.fence();
      await client.subscribe([topic]);
      await until(() => client.published.length === 1);
      await leave(client);
      const [back] = await bench.session(id);
      assert.deepEqual(await received(back, publisher, topic), []);
    },
  },
  {
    clause: 'MQTT-3.10.4-1',
    title: 'what was unsubscribed from does not come back with it',
    async run(bench) {
      const [id, topic] = [bench.fresh(), bench.fresh()];
      const [client] = await bench.session(id);
      await client.subscribe([`${topic}/a`, `${topic}/b`], 1);
      client.send(unsubscribe([`${topic}/a`], 5));
      await client.expect(11, 1);
      await leave(client);
      const publisher = await bench.open();
      publisher.send(
        publishPacket(`${topic}/a`, 'no', { qos: 1 }),
        publishPacket(`${topic}/b`, 'yes', { qos: 1, id: 2 }),
      );
      await publisher.expect(PUBACK, 2);
      const [back] = await bench.session(id);
      assert.deepEqual(payloads(await received(back, publisher, `${topic}/b`)), ['yes']);
    },
  },
  {
    clause: 'MQTT-4.4.0-1',
    title: 'a message of QoS 1 without its PUBACK comes again, with its id and DUP; then no more',
    async run(bench) {
      const [id, topic] = [bench.fresh(), bench.fresh()];
      const [client] = await bench.session(id);
      await client.subscribe([topic], 1);
      const publisher = await bench.open();
      publisher.send(publishPacket(topic, 'x', { qos: 1 }));
      await until(() => client.published.length === 1);
      client.destroy();
      const [back] = await bench.session(id);
      await until(() => back.published.length === 1);
      assert.equal(back.published[0]?.id, client.published[0]?.id);
      assert.deepEqual([packetOf(client).flags & 8, packetOf(back).flags & 8], [0, 8]);
      back.send(ack(PUBACK, back.published[0]?.id ?? 0));
      await back.fence();
      await leave(back);
      const [third] = await bench.session(id);
      assert.deepEqual(await received(third, publisher, topic), []);
    },
  },
  {
    clause: 'MQTT-4.4.0-1',
    title: 'a message of QoS 2 without its PUBREC comes again, with its id and DUP',
    async run(bench) {
      const [id, topic] = [bench.fresh(), bench.fresh()];
      const [client] = await bench.session(id);
      await client.subscribe([topic], 2);
      const publisher = await bench.open();
      await publish2(publisher, topic, 'x', 1);
      await until(() => client.published.length === 1);
      client.destroy();
      const [back] = await bench.session(id);
      await until(() => back.published.length === 1);
      const [message] = back.published;
      assert.deepEqual([message?.id, message?.qos], [client.published[0]?.id, 2]);
      assert.equal(packetOf(back).flags & 8, 8);
    },
  },
  {
    clause: 'MQTT-4.4.0-1',
    title: 'with its PUBREC, and without its PUBCOMP, the PUBREL comes again and the message does not',
    async run(bench) {
      const [id, topic] = [bench.fresh(), bench.fresh()];
      const [client] = await bench.session(id);
      await client.subscribe([topic], 2);
      const publisher = await bench.open();
      await publish2(publisher, topic, 'x', 1);
      await until(() => client.published.length === 1);
      const messageId = client.published[0]?.id ?? 0;
      client.send(ack(PUBREC, messageId));
      await client.expect(PUBREL, 1);
      client.destroy();
      const [back] = await bench.session(id);
      const [pubrel] = await back.expect(PUBREL, 1);
      assert.deepEqual([pubrel && idOf(pubrel.body), pubrel?.flags], [messageId, 2]);
      back.send(ack(PUBCOMP, messageId));
      await back.fence();
      assert.equal(back.published.length, 0);
      await leave(back);
      const [third] = await bench.session(id);
      await third.fence();
      assert.equal(third.of(PUBREL).length, 0);
    },
  },
  {
    clause: 'MQTT-4.3.3-2',
    title: 'a message of QoS 2 that is sent again on the next connection is delivered once',
    async run(bench) {
      const [id, topic] = [bench.fresh(), bench.fresh()];
      const watcher = await bench.open();
      await watcher.subscribe([topic]);
      const message = publishPacket(topic, 'once', { qos: 2, id: 5 });
      const [client] = await bench.session(id);
      client.send(message);
      await client.expect(PUBREC, 1);
      client.destroy();
      const [back] = await bench.session(id);
      back.send(again(message));
      await back.expect(PUBREC, 1);
      back.send(ack(PUBREL, 5));
      await back.expect(PUBCOMP, 1);
      assert.deepEqual(payloads(await received(watcher, back, topic)), ['once']);
    },
  },
  {
    clause: 'MQTT-3.3.5-1',
    title:
      'of two filters that mean the same message the higher QoS counts, and an acknowledged one is done with',
    notMosquitto: 'it keeps to the filter that it finds first',
    async run(bench) {
      const [id, topic] = [bench.fresh(), bench.fresh()];
      const [client] = await bench.session(id);
      await client.subscribe([`${topic}/+`], 1);
      await client.subscribe([`${topic}/a`], 2);
      await leave(client);
      const publisher = await bench.open();
      publisher.send(publishPacket(`${topic}/a`, 'x', { qos: 1 }));
      await publisher.expect(PUBACK, 1);
      const [back] = await bench.session(id);
      await until(() => back.published.length > 0);
      for (const message of back.published) back.send(ack(PUBACK, message.id));
      await back.fence();
      assert.deepEqual(
        back.published.map(({ qos }) => qos),
        [1],
      );
      await leave(back);
      const [third] = await bench.session(id);
      assert.deepEqual(await received(third, publisher, `${topic}/a`), []);
    },
  },
  {
    clause: 'MQTT-4.6.0-6',
    title: 'fifty that waited come in the order they were published',
    async run(bench) {
      const { id, topic, publisher } = await absent(bench, 1);
      const texts = Array.from({ length: 50 }, (_, at) => `${at}`);
      publisher.send(
        ...texts.map((each, at) => publishPacket(`${topic}/${at % 3}`, each, { qos: 1, id: at + 1 })),
      );
      await publisher.expect(PUBACK, 50);
      const [back] = await bench.session(id);
      // A broker may have only so many under way at a time.
      let acked = 0;
      await until(() => {
        for (; acked < back.published.length; acked++) back.send(ack(PUBACK, back.published[acked]?.id ?? 0));
        return acked === 50;
      });
      assert.deepEqual(payloads(back.published), texts);
      assert.equal(
        new Set(back.of(PUBLISH).map(({ flags }) => flags & 8)).has(8),
        false,
        'none was sent before',
      );
    },
  },
];
