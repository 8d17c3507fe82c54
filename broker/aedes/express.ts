import type { AedesPublishPacket } from 'aedes';
import type { Message } from '../link.js';
import type { LivePacket } from '../local-port.js';
import { remembered } from '../memo.js';
import type { TopicRules } from '../rules.js';
import { isUnspeakable, matches } from '../topics.js';
import { type Frame, frameOf, readFrame } from '../wire/frame.js';
import type { PrivateAedes, PrivateClient } from './aedes-private.js';

export interface ExpressOptions {
  readonly rules: TopicRules;
  readonly maxPacketBytes: number;
  /** The gate; null where the message was refused and reported. */
  readonly pass: (client: PrivateClient, topic: string, payload: Buffer) => Message | null;
  /** So many of a client's were taken off. */
  readonly onTaken?: (client: PrivateClient, count: number) => void;
  /** The forward guard's word, at the moment of sending; null where the client does not get it. */
  readonly forward: (client: PrivateClient, packet: AedesPublishPacket) => AedesPublishPacket | null;
}

interface Listener {
  readonly filter: string;
  readonly onMessage: (packet: LivePacket) => void;
}

interface Delivery {
  readonly client: PrivateClient;
  readonly packet: AedesPublishPacket;
  readonly frame: Buffer;
}

/**
 * The lane of the heartbeats, past aedes: nearly all that a broker of ours carries, and for each of them aedes makes
 * some twenty objects and turns of the event loop. Messages of a QoS 0 channel that is not retained are taken off the
 * front of what the parser gets, judged by the same gate, and handed on; everything else is aedes' as ever. Without
 * attach() and carry() the broker does the same, slower.
 */
export class Express {
  readonly #listeners = new Set<Listener>();
  /** Clients that asked for something that a heartbeat may fall under; a node asks for its commands only. */
  readonly #watchers = new Set<PrivateClient>();
  /** To be called on the next turn: as one, since each turn that is asked for costs as much as a heartbeat's way here. */
  #routed: (() => void)[] = [];
  /** What goes to sockets on the next turn, in order. */
  #leaving: Delivery[] | null = null;
  readonly #frame: Frame = { topicAt: 0, payloadAt: 0, end: 0 };
  #aedes: PrivateAedes | null = null;

  constructor(private readonly options: ExpressOptions) {}

  /** Takes over, from aedes' own publish, what comes here by another way: a local link, or QoS 1 from the wire. */
  carry(aedes: PrivateAedes): void {
    this.#aedes = aedes;
    const publish = aedes.publish.bind(aedes);
    aedes.publish = (packet, client, done) => {
      const { topic, payload, qos, retain } = packet as AedesPublishPacket & { payload: Buffer };
      if (qos === 0 && !retain && this.#isOurs(topic)) {
        this.#deliver({ topic, payload, qos });
        if (typeof done === 'function') this.#afterwards(done);
        return;
      }
      // What it sends, it sends on a turn of its own, and later heartbeats are to come after it.
      this.#leaving = null;
      publish(packet, client, done);
    };
  }

  #afterwards(done: () => void): void {
    if (this.#routed.push(done) > 1) return;
    setImmediate(() => {
      const routed = this.#routed;
      this.#routed = [];
      for (const each of routed) each();
    });
  }

  /** Looks at what a client sends before the parser does. */
  attach(client: PrivateClient): void {
    const parser = client._parser;
    const parse = parser.parse.bind(parser);
    parser.parse = chunk => {
      let at = 0;
      // The rest of a packet that an earlier chunk began, so that what follows begins with one.
      if (parser._stateCounter === 2 && parser.packet.cmd === 'publish' && parser.packet.qos === 0) {
        at = Math.min(chunk.length, parser.packet.length - parser._list.length);
        parse(chunk.subarray(0, at));
      }
      if (parser._stateCounter === 0 && parser._list.length === 0) at = this.#take(client, chunk, at);
      if (at < chunk.length) parse(at === 0 ? chunk : chunk.subarray(at));
    };
  }

  /** Live messages under a filter for someone in this process; returns how to end it. */
  listen(filter: string, onMessage: Listener['onMessage']): () => void {
    if (!this.#reaches(filter)) return () => {};
    const listener = { filter, onMessage };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A client was granted a filter. */
  watch(client: PrivateClient, filter: string): void {
    if (!this.#reaches(filter) || this.#watchers.has(client)) return;
    this.#watchers.add(client);
    client.conn.once('close', () => this.#watchers.delete(client));
  }

  /** Takes heartbeats off a chunk as long as there are any; returns where they end. */
  #take(client: PrivateClient, chunk: Buffer, from: number): number {
    const frame = this.#frame;
    let at = from;
    let taken = 0;
    while (isSettled(client) && readFrame(chunk, at, this.options.maxPacketBytes, frame)) {
      const { topicAt, payloadAt, end } = frame;
      const topic = chunk.toString('utf8', topicAt, payloadAt);
      if (!this.#isOurs(topic)) break;
      const passed = this.options.pass(client, topic, chunk.subarray(payloadAt, end));
      // Text that may not be: the parser's guard ends the connection for it.
      if (!passed && isUnspeakable(topic)) break;
      at = end;
      taken++;
      if (!passed) continue;
      if (passed.retain || passed.qos > 0)
        this.#aedes?.publish({ cmd: 'publish', dup: false, ...passed }, client);
      else this.#deliver(passed);
    }
    if (at > from && client._keepaliveInterval > 0) client._keepaliveTimer?.refresh();
    if (taken > 0) this.options.onTaken?.(client, taken);
    return at;
  }

  readonly #isOurs = remembered((topic): boolean => {
    const { prefix, up, retained, qos } = this.options.rules;
    if (!topic.startsWith(prefix) || topic[prefix.length] !== '/') return false;
    const channel = topic.slice(topic.lastIndexOf('/') + 1);
    return up.has(channel) && qos(channel) === 0 && !retained.has(channel);
  });

  #reaches(filter: string): boolean {
    const { prefix } = this.options.rules;
    const last = filter.slice(filter.lastIndexOf('/') + 1);
    return last === '#' || last === '+' || this.#isOurs(`${prefix}/${last}`);
  }

  #deliver(packet: LivePacket): void {
    for (const { filter, onMessage } of this.#listeners) {
      if (matches(filter, packet.topic)) onMessage(packet);
    }
    if (this.#watchers.size > 0) this.#send(packet);
  }

  #send({ topic, payload }: LivePacket): void {
    const clients = [...this.#watchers].filter(client => isSubscribed(client, topic));
    const aedes = this.#aedes;
    if (clients.length === 0 || !aedes) return;
    if (!this.#leaving) {
      const leaving: Delivery[] = [];
      this.#leaving = leaving;
      setImmediate(() => this.#flush(leaving));
    }
    const bytes = payload as Buffer;
    const frame = frameOf(topic, bytes);
    const ids = { brokerId: aedes.id, brokerCounter: ++aedes.counter };
    const packet = { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false, ...ids } as const;
    for (const client of clients) this.#leaving.push({ client, packet, frame });
  }

  #flush(leaving: Delivery[]): void {
    if (this.#leaving === leaving) this.#leaving = null;
    const granted = new Map<PrivateClient, Buffer[]>();
    for (const { client, packet, frame } of leaving) {
      if (!client.connected || client.conn.destroyed || !this.options.forward(client, packet)) continue;
      const frames = granted.get(client);
      if (frames) frames.push(frame);
      else granted.set(client, [frame]);
    }
    for (const [client, frames] of granted) {
      const hasRoom = client.conn.write(Buffer.concat(frames));
      if (!hasRoom) client.waitForDrain(() => {});
    }
  }
}

/** Let in, and with nothing of what it sent before still to be handled. */
const isSettled = (client: PrivateClient): boolean =>
  client.connected && client.connackSent && !client.closed && client._parser._queue === null;

function isSubscribed(client: PrivateClient, topic: string): boolean {
  for (const filter in client.subscriptions) if (matches(filter, topic)) return true;
  return false;
}
