/**
 * The private parts of aedes 1.2.0 and mqtt-packet 9.0.2 that the guards lean on, in one place, so that an upgrade
 * knows where to look. Each guard has a test that fails when one of these moves.
 */
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Aedes, AedesPublishPacket, Client } from 'aedes';
import type { Message } from '../link.js';

export interface PrivateParser extends EventEmitter {
  /** The packet under way. */
  packet: { length: number; cmd: string | null; qos: number; dup: boolean };
  /** What of it has been read: 0 nothing, 2 all but its body. */
  readonly _stateCounter: number;
  readonly _list: {
    readonly length: number;
    slice(from: number, to: number): Buffer;
    readUInt16BE(at: number): number;
  };
  /** Aedes': packets that came before CONNACK was sent; null from then on. */
  readonly _queue: object[] | null;
  parse(chunk: Buffer): void;
  _parseLength(): boolean;
  _parsePayload(): boolean;
  _emitError(error: Error): void;
}

export interface PrivateClient extends Omit<Client, 'conn'> {
  readonly conn: Socket;
  readonly connackSent: boolean;
  readonly _keepaliveInterval: number;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
  readonly will: WirePacket | null;
  readonly _parser: PrivateParser;
  readonly subscriptions: Record<string, { readonly qos: number }>;
  duplicates: object;
  /** Nothing more is read of its socket; and how many packets of what was read are not done with. */
  _paused: boolean;
  _parsingBatch: number;
  resume(): void;
  /** Called with a copy of its own for each subscription and replay. */
  deliverQoS(packet: AedesPublishPacket, done: () => void): void;
  /** No more is read of its socket until aedes resumes it, which it does after the CONNACK. */
  pause(): void;
  /** Ends the connection where it has not drained in drainTimeout. */
  waitForDrain(done: () => void): void;
}

/** A packet as the parser made it, with what the guards note on it between their hooks. */
export interface WirePacket {
  cmd: string;
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  retain: boolean;
  subscriptions?: { topic: string; qos: 0 | 1 | 2 }[];
  unsubscriptions?: string[];
  /** Why it is not routed, though acknowledged; set by the first hook that finds out. */
  [DIVERTED]?: boolean;
  [WASHED]?: string;
  [ROUTED_QOS]?: 0 | 1 | 2;
}

export const DIVERTED = Symbol('diverted');
/** The topic as it came, where aedes would have dropped the client for it. */
export const WASHED = Symbol('washed');
export const ROUTED_QOS = Symbol('routed qos');

type Done = (error?: Error | null) => void;

export interface PrivateAedes extends Omit<Aedes, 'publish' | 'close'> {
  readonly clients: Record<string, PrivateClient>;
  /** Of messages so far. */
  counter: number;
  readonly mq: { emit(packet: AedesPublishPacket, done?: () => void): void };
  publish(packet: object, client: PrivateClient | null | Done, done?: Done): void;
  unregisterClient(client: PrivateClient): void;
  close(done: () => void): void;
}

/** How many filters a packet subscribes to, or ends. */
export const filtersOf = ({ subscriptions, unsubscriptions }: WirePacket): number =>
  (subscriptions ?? unsubscriptions ?? []).length;

/** A packet or will in the words of the port. */
export const messageOf = (packet: WirePacket): Message => ({
  topic: packet[WASHED] ?? packet.topic,
  payload: packet.payload,
  qos: packet.qos > 0 ? 1 : 0,
  retain: packet.retain,
});
