/** What a case of the suite has at hand: sockets by the byte to one broker, names of its own, and what they may assert. */
import assert from 'node:assert/strict';
import {
  type ConnectOptions,
  connectPacket,
  packet,
  publishPacket,
  RawClient,
  type RawPacket,
  type RawPublish,
} from '../support/raw-mqtt.js';
import { until } from '../support/wait.js';

export const CONNACK = 2;
export const PUBLISH = 3;
export const PUBACK = 4;
export const PUBREC = 5;
export const PUBREL = 6;
export const PUBCOMP = 7;
export const SUBACK = 9;
export const UNSUBACK = 11;
export const PINGRESP = 13;

export interface Case {
  /** The statement of MQTT 3.1.1 that it holds, such as MQTT-3.1.3-8. */
  readonly clause: string;
  readonly title: string;
  readonly run: (bench: Bench) => Promise<void>;
  /** Why mosquitto is not asked: what it does instead. */
  readonly notMosquitto?: string;
}

let serial = 0;

export class Bench {
  readonly #clients: RawClient[] = [];

  constructor(
    readonly port: number,
    /** False at mosquitto: where the two may differ a case says what each does. */
    readonly ours: boolean,
  ) {}

  /** A client id, or the start of topics, that nothing else has. */
  fresh(): string {
    serial += 1;
    return `c${serial}`;
  }

  raw(): RawClient {
    const client = new RawClient(this.port);
    this.#clients.push(client);
    return client;
  }

  async open(options: Partial<ConnectOptions> = {}): Promise<RawClient> {
    const client = this.raw();
    const clientId = options.clientId ?? this.fresh();
    assert.equal(await client.connect({ ...options, clientId }), 0, 'CONNACK');
    return client;
  }

  /** The flags and the return code of the CONNACK that answers these bytes; null where the connection is closed instead. */
  async answer(connect: Buffer): Promise<{ client: RawClient; flags: number; code: number } | null> {
    const client = this.raw();
    client.send(connect);
    await until(() => client.closed || client.of(CONNACK).length > 0, 3000, 'a CONNACK or the end');
    const [connack] = client.of(CONNACK);
    return connack ? { client, flags: connack.body[0] ?? -1, code: connack.body[1] ?? -1 } : null;
  }

  /** Connects with clean=false; says whether the broker had the session. */
  async session(clientId: string, more: Partial<ConnectOptions> = {}): Promise<[RawClient, boolean]> {
    const answered = await this.answer(connectPacket({ clientId, clean: false, ...more }));
    assert.equal(answered?.code, 0, 'CONNACK');
    return [answered.client, answered.flags === 1];
  }

  /** What these bytes come to after a CONNECT: the connection ends. */
  async closesOn(...packets: Buffer[]): Promise<void> {
    const client = await this.open();
    client.send(...packets);
    await client.ended(3000);
  }

  /** These bytes, on a connection of their own, end it without a CONNACK 0. */
  async refuses(...packets: Buffer[]): Promise<void> {
    const client = this.raw();
    client.send(...packets);
    await client.ended(3000);
    assert.ok(
      client.of(CONNACK).every(({ body }) => body[1] !== 0),
      'it was let in',
    );
  }

  end(): void {
    for (const client of this.#clients) client.destroy();
  }
}

export const number = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
export const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([number(bytes.length), bytes]);
};
/** An acknowledgement; PUBREL has the flags that it must have. */
export const ack = (type: number, id: number): Buffer =>
  packet((type << 4) | (type === PUBREL ? 2 : 0), number(id));
export const unsubscribe = (filters: readonly string[], id = 1): Buffer =>
  packet(0xa2, number(id), ...filters.map(text));
/** A PUBLISH that says to be a repetition. */
export function again(publish: Buffer): Buffer {
  const copy = Buffer.from(publish);
  copy[0] = (copy[0] ?? 0) | 8;
  return copy;
}

/** A CONNECT by its parts, for those that no helper would make. */
export function connectFrame(more: {
  name?: string | Buffer;
  level?: number;
  flags?: number;
  keepalive?: number;
  fields?: readonly Buffer[];
}): Buffer {
  const { name = 'MQTT', level = 4, flags = 2, keepalive = 60, fields = [text('c')] } = more;
  return packet(0x10, text(name), Buffer.from([level, flags]), number(keepalive), ...fields);
}

export const idOf = (body: Buffer): number => body.readUInt16BE(0);
export const payloads = (messages: readonly RawPublish[]): string[] =>
  messages.map(({ payload }) => payload.toString());

/** The first PUBLISH that a client got, with its flags. */
export function packetOf(client: RawClient): RawPacket {
  const [found] = client.of(PUBLISH);
  assert.ok(found, 'a PUBLISH');
  return found;
}

/** What a client has got when a message sent after all the others has come. */
export async function received(client: RawClient, by: RawClient, topic: string): Promise<RawPublish[]> {
  by.send(publishPacket(topic, 'the end'));
  await until(() => payloads(client.published).includes('the end'), 5000, 'the end');
  await client.fence();
  return client.published.filter(({ payload }) => payload.toString() !== 'the end');
}

/** Text that is not UTF-8 (MQTT 3.1.1, 1.5.3), by what is wrong with it. */
export const ILL_FORMED: Record<string, Buffer> = {
  'a byte that begins nothing': Buffer.from([0x61, 0xff, 0x62]),
  'a continuation without a start': Buffer.from([0x61, 0x80]),
  'a character cut short': Buffer.from([0x61, 0xe2, 0x82]),
  'an overlong NUL': Buffer.from([0xc0, 0x80]),
  'an overlong slash': Buffer.from([0xe0, 0x80, 0xaf]),
  'half a surrogate pair': Buffer.from([0xed, 0xa0, 0x80]),
  'beyond U+10FFFF': Buffer.from([0xf4, 0x90, 0x80, 0x80]),
};
