import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { until } from './wait.js';

/** MQTT 3.1.1 by the byte, for what no client library would send. */

export interface RawPacket {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

export interface RawPublish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
  readonly retain: boolean;
  readonly id: number;
}

export const TYPE = { connack: 2, publish: 3, puback: 4, suback: 9, pingresp: 13 } as const;

export function packet(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first]), varint(body.length), body]);
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  do {
    bytes.push((left % 128) | (left >= 128 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.from(bytes);
}

const number = (value: number) => Buffer.from([value >> 8, value & 0xff]);
const text = (value: string | Buffer) => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([number(bytes.length), bytes]);
};

export interface ConnectOptions {
  readonly clientId: string;
  readonly keepalive?: number;
  readonly clean?: boolean;
  readonly will?: { topic: string; payload: string; qos?: number; retain?: boolean };
  readonly version?: number;
  readonly username?: string;
  readonly password?: string;
}

export function connectPacket({
  clientId,
  keepalive = 60,
  clean = true,
  will,
  version = 4,
  username,
  password,
}: ConnectOptions): Buffer {
  const willFlags = will ? 0x04 | ((will.qos ?? 1) << 3) | (will.retain ? 0x20 : 0) : 0;
  const head = Buffer.concat([
    text('MQTT'),
    Buffer.from([
      version,
      (clean ? 2 : 0) | willFlags | (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40),
    ]),
    number(keepalive),
  ]);
  const body = [...(will ? [will.topic, will.payload] : []), username, password].filter(
    field => field !== undefined,
  );
  return packet(0x10, head, text(clientId), ...body.map(text));
}

export interface PublishOptions {
  readonly qos?: number;
  readonly retain?: boolean;
  readonly id?: number;
}

export function publishPacket(
  topic: string,
  payload: string | Buffer,
  { qos = 0, retain = false, id = 1 }: PublishOptions = {},
): Buffer {
  const head = 0x30 | (qos << 1) | (retain ? 1 : 0);
  return packet(head, text(topic), qos > 0 ? number(id) : Buffer.alloc(0), Buffer.from(payload as string));
}

export const subscribePacket = (filters: readonly string[], qos = 0, id = 1): Buffer =>
  packet(0x82, number(id), ...filters.map(filter => Buffer.concat([text(filter), Buffer.from([qos])])));

export const DISCONNECT = Buffer.from([0xe0, 0]);
export const PINGREQ = Buffer.from([0xc0, 0]);

/** A socket that says and shows exactly what passes. */
export class RawClient {
  readonly packets: RawPacket[] = [];
  readonly socket: Socket;
  closed = false;
  #left = Buffer.alloc(0);

  /** `tls`: what it is spoken with; left out, it is plain. */
  constructor(port: number, from = '127.0.0.1', tls?: ConnectionOptions) {
    const to = { port, host: '127.0.0.1', localAddress: from };
    this.socket = tls ? connectTls({ ...to, servername: 'localhost', ...tls }) : connect(to);
    this.socket.setNoDelay(true);
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('data', chunk => this.#read(chunk));
  }

  /** Connects and expects return code 0. */
  static async open(port: number, options: ConnectOptions): Promise<RawClient> {
    const client = new RawClient(port);
    const code = await client.connect(options);
    if (code !== 0) throw new Error(`CONNACK ${code}`);
    return client;
  }

  /** The return code of the CONNACK. */
  async connect(options: ConnectOptions): Promise<number> {
    this.send(connectPacket(options));
    const [connack] = await this.expect(TYPE.connack, 1);
    return connack?.body[1] ?? -1;
  }

  send(...packets: Buffer[]): void {
    this.socket.write(Buffer.concat(packets));
  }

  /** The granted codes. */
  async subscribe(filters: readonly string[], qos = 0): Promise<number[]> {
    const before = this.of(TYPE.suback).length;
    this.send(subscribePacket(filters, qos));
    const subacks = await this.expect(TYPE.suback, before + 1);
    return [...(subacks.at(-1)?.body.subarray(2) ?? [])];
  }

  /** Waits until so many packets of a type have come. */
  async expect(type: number, count: number, deadlineMs = 5000): Promise<RawPacket[]> {
    await until(() => this.of(type).length >= count, deadlineMs, `${count} packets of type ${type}`);
    return this.of(type);
  }

  of(type: number): RawPacket[] {
    return this.packets.filter(found => found.type === type);
  }

  /** What was received, in order. */
  get published(): RawPublish[] {
    return this.of(TYPE.publish).map(parsePublish);
  }

  /** All that was sent has been handled, and everything that came of it at once is here. */
  async fence(): Promise<void> {
    const before = this.of(TYPE.pingresp).length;
    this.send(PINGREQ);
    await this.expect(TYPE.pingresp, before + 1);
  }

  async ended(deadlineMs = 5000): Promise<void> {
    await until(() => this.closed, deadlineMs, 'the broker closes the socket');
  }

  destroy(): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#left = Buffer.concat([this.#left, chunk]);
    for (;;) {
      const head = header(this.#left);
      if (!head || this.#left.length < head.size + head.length) return;
      const body = this.#left.subarray(head.size, head.size + head.length);
      const first = this.#left[0] ?? 0;
      this.packets.push({ type: first >> 4, flags: first & 15, body: Buffer.from(body) });
      this.#left = this.#left.subarray(head.size + head.length);
    }
  }
}

function header(bytes: Buffer): { size: number; length: number } | null {
  let length = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at++) {
    const byte = bytes[at] ?? 0;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 128) return { size: at + 1, length };
  }
  return null;
}

function parsePublish({ flags, body }: RawPacket): RawPublish {
  const end = 2 + body.readUInt16BE(0);
  const qos = (flags >> 1) & 3;
  return {
    topic: body.subarray(2, end).toString(),
    payload: body.subarray(end + (qos > 0 ? 2 : 0)),
    qos,
    retain: (flags & 1) === 1,
    id: qos > 0 ? body.readUInt16BE(end) : 0,
  };
}
