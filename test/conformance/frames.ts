/** Chapters 2 and 4.8: packets that are none, and what ends a connection. */
import assert from 'node:assert/strict';
import { PINGREQ, packet, publishPacket, subscribePacket } from '../support/raw-mqtt.js';
import { until } from '../support/wait.js';
import {
  ack,
  type Case,
  number,
  PUBACK,
  PUBCOMP,
  PUBREC,
  PUBREL,
  payloads,
  text,
  unsubscribe,
} from './bench.js';

const ACKS = { PUBACK, PUBREC, PUBREL, PUBCOMP } as const;
/** Mosquitto as packaged by Debian reads them as if they were right. */
const LENIENT = 'it looks neither at the flags nor at the rest of some packets';

const closes = (clause: string, title: string, bytes: Buffer, notMosquitto?: string): Case => ({
  clause,
  title,
  run: bench => bench.closesOn(bytes),
  ...(notMosquitto ? { notMosquitto } : {}),
});

const flags: Case[] = (
  [
    ['PUBACK', 0x41],
    ['PUBREC', 0x51],
    ['PUBREL', 0x60],
    ['PUBCOMP', 0x71],
  ] as const
).map(([name, first]) =>
  closes('MQTT-2.2.2-2', `${name} with wrong flags`, packet(first, number(1)), LENIENT),
);

const requests: Case[] = [
  closes('MQTT-3.8.1-1', 'SUBSCRIBE with wrong flags', packet(0x80, number(1), text('a'), Buffer.from([0]))),
  closes('MQTT-3.10.1-1', 'UNSUBSCRIBE with wrong flags', packet(0xa0, number(1), text('a'))),
  closes('MQTT-2.2.2-2', 'PINGREQ with wrong flags', Buffer.from([0xc1, 0]), LENIENT),
  closes('MQTT-3.14.1-1', 'DISCONNECT with wrong flags', Buffer.from([0xe1, 0])),
  closes('MQTT-2.3.1-1', 'SUBSCRIBE with id 0', subscribePacket(['a'], 0, 0)),
  closes('MQTT-2.3.1-1', 'UNSUBSCRIBE with id 0', unsubscribe(['a'], 0)),
  closes('MQTT-2.3.1-1', 'PUBLISH of QoS 1 with id 0', publishPacket('a', '', { qos: 1, id: 0 })),
  closes('MQTT-2.3.1-1', 'PUBLISH of QoS 2 with id 0', publishPacket('a', '', { qos: 2, id: 0 })),
];

const acks: Case[] = Object.entries(ACKS).flatMap(([name, type]) => {
  const first = (type << 4) | (type === PUBREL ? 2 : 0);
  return [
    closes(
      'MQTT-2.3.1-1',
      `${name} with id 0`,
      ack(type, 0),
      'it takes some of them for ids it does not know',
    ),
    closes('MQTT-4.8.0-1', `${name} without an id`, packet(first)),
    closes('MQTT-4.8.0-1', `${name} with half an id`, packet(first, Buffer.from([1]))),
    closes('MQTT-4.8.0-1', `${name} with more than an id`, packet(first, number(1), number(1)), LENIENT),
  ];
});

const kinds: Case[] = (
  [
    ['type 0', 0x00],
    ['type 15', 0xf0],
    ['CONNACK from a client', 0x20],
    ['SUBACK from a client', 0x90],
    ['UNSUBACK from a client', 0xb0],
    ['PINGRESP from a client', 0xd0],
  ] as const
).map(([name, first]) =>
  closes(
    'MQTT-4.8.0-1',
    name,
    packet(
      first,
      ...(first === 0xd0 ? [] : [Buffer.from([0, 1])]),
      ...(first === 0x90 ? [Buffer.from([0])] : []),
    ),
    [0x90, 0xb0, 0xd0].includes(first) ? 'it takes no notice of it' : undefined,
  ),
);

export const FRAMES: Case[] = [
  ...flags,
  ...requests,
  ...acks,
  ...kinds,
  closes('MQTT-4.8.0-1', 'PINGREQ with a body', packet(0xc0, Buffer.from([0])), LENIENT),
  closes('MQTT-4.8.0-1', 'DISCONNECT with a body', packet(0xe0, Buffer.from([0]))),
  closes(
    'MQTT-4.8.0-1',
    'a remaining length of five bytes',
    Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
  ),
  {
    clause: 'MQTT-2.2.3',
    title: 'packets come through in pieces of one byte',
    async run(bench) {
      const topic = bench.fresh();
      const subscriber = await bench.open();
      await subscriber.subscribe([topic]);
      const client = await bench.open();
      for (const byte of publishPacket(topic, 'x'.repeat(130), { qos: 1, id: 7 }))
        client.send(Buffer.from([byte]));
      await client.expect(PUBACK, 1);
      await until(() => subscriber.published.length === 1);
    },
  },
  {
    clause: 'MQTT-2.2.3',
    title: 'and many in one piece',
    async run(bench) {
      const topic = bench.fresh();
      const client = await bench.open();
      const many = Array.from({ length: 20 }, (_, at) =>
        publishPacket(topic, `${at}`, { qos: 1, id: at + 2 }),
      );
      client.send(subscribePacket([topic], 1, 1), ...many, PINGREQ);
      await until(() => client.published.length === 20);
      assert.deepEqual(
        payloads(client.published),
        Array.from({ length: 20 }, (_, at) => `${at}`),
      );
    },
  },
  {
    clause: 'MQTT-3.12.4-1',
    title: 'every PINGREQ is answered',
    async run(bench) {
      const client = await bench.open();
      client.send(PINGREQ, PINGREQ, PINGREQ);
      await client.expect(13, 3);
      assert.deepEqual(
        client.of(13).map(({ flags: bits, body }) => [bits, body.length]),
        [0, 0, 0].map(() => [0, 0]),
      );
    },
  },
];
