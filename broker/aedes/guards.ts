/** What keeps aedes 1.2.0 from losing messages, freezing or falling over. Each is named by what happens without it. */
import type { AedesPublishPacket } from 'aedes';
import type { Refusal } from '../rules.js';
import { filterProblem, matches, type TopicLimits, topicProblem } from '../topics.js';
import {
  DIVERTED,
  filtersOf,
  type PrivateAedes,
  type PrivateClient,
  ROUTED_QOS,
  WASHED,
  type WirePacket,
} from './aedes-private.js';
import { type Granted, tellApart } from './granted.js';
import type { RetainedStore } from './retained.js';

/** Its per-subscriber dedupe takes whatever was overtaken for a duplicate and loses it (aedes#955, #994). */
export function keepOvertaken(aedes: PrivateAedes): void {
  const blind = Object.create(null, { [aedes.id]: { get: () => 0, set: () => {} } });
  aedes.on('client', client => {
    (client as unknown as PrivateClient).duplicates = blind;
  });
}

/** A publisher would wait until every subscriber's socket has drained: one frozen subscriber stops them all. */
export function neverWaitForSubscribers(aedes: PrivateAedes): void {
  const emit = aedes.mq.emit.bind(aedes.mq);
  aedes.mq.emit = (packet, done) => {
    emit(packet);
    // Not at once: a whole chunk of packets would be handled on one stack, inside the parser.
    if (done) setImmediate(done);
  };
}

/** A connection that ends late takes its successor of the same id out of the list of clients. */
export function keepSuccessors(aedes: PrivateAedes): void {
  const unregister = aedes.unregisterClient.bind(aedes);
  aedes.unregisterClient = client => {
    if (aedes.clients[client.id] === client) unregister(client);
  };
}

/** A diverted message is acknowledged and goes no further; the others go on with the QoS of their channel. */
export function divert(aedes: PrivateAedes): void {
  const publish = aedes.publish.bind(aedes);
  aedes.publish = (packet, client, done) => {
    const wire = packet as WirePacket;
    if (wire[DIVERTED]) {
      if (done) setImmediate(done);
      return;
    }
    if (wire[ROUTED_QOS] !== undefined) wire.qos = wire[ROUTED_QOS];
    publish(packet, client, done);
  };
}

/** The parser would buffer up to 256 MB for whoever claims so, before CONNECT even (aedes#831). */
export function capPackets(
  client: PrivateClient,
  maxPacketBytes: number,
  beforeConnack = maxPacketBytes,
): void {
  const parser = client._parser;
  const parseLength = parser._parseLength.bind(parser);
  parser._parseLength = () => {
    const complete = parseLength();
    const most = client.connackSent ? maxPacketBytes : Math.min(maxPacketBytes, beforeConnack);
    if (!complete || parser.packet.length <= most) return complete;
    parser._emitError(new Error(`packet of ${parser.packet.length} bytes, at most ${most} are taken`));
    return false;
  };
}

/**
 * One packet has room for 250,000 filters, and each of them is a scan of all that is retained. To be attached behind all
 * others that listen to packets: then it is the first, and to them it is a packet that nobody knows.
 */
export function capFilters(client: PrivateClient, most: number, onTooMany: (why: Refusal) => void): void {
  client._parser.prependListener('packet', (packet: WirePacket) => {
    const count = filtersOf(packet);
    if (count <= most) return;
    const reason = `disconnected: a ${packet.cmd} of ${count} filters, a client has at most ${most} subscriptions`;
    onTooMany({ code: 'too-many-subscriptions', reason });
    packet.cmd = 'none';
    delete packet.subscriptions;
    delete packet.unsubscriptions;
    client.conn.destroy();
  });
}

/** Aedes closes the socket for a bad topic or filter, and a QoS 1 publisher comes back with it for ever. */
export function washPackets(
  client: PrivateClient,
  limits: TopicLimits,
  onBadFilter: (why: Refusal) => void,
): void {
  client._parser.prependListener('packet', (packet: WirePacket) => {
    if (packet.cmd === 'publish' && topicProblem(packet.topic, limits)) {
      packet[WASHED] = packet.topic;
      packet.topic = '$washed';
    }
    packet.subscriptions?.forEach((subscription, at) => {
      const problem = filterProblem(subscription.topic, limits);
      if (!problem) return;
      onBadFilter(problem);
      // Refused further on as any `$` is; numbered, since aedes answers equal filters with one code only.
      subscription.topic = `$washed/${at}`;
    });
    if (packet.subscriptions) tellApart(packet.subscriptions);
    if (packet.unsubscriptions) {
      packet.unsubscriptions = packet.unsubscriptions.filter(filter => !filterProblem(filter, limits));
    }
  });
}

/** Decides per subscriber and message, at the moment of sending; aedes calls it for live, replayed and queued ones. */
export class ForwardGuard<P extends AedesPublishPacket & { payload: Buffer }> {
  readonly #last = new WeakMap<PrivateClient, number>();
  readonly #slow = new WeakSet<PrivateClient>();

  constructor(
    private readonly backlogBytes: number,
    private readonly retained: RetainedStore<P>,
    private readonly granted: Granted,
    private readonly onSlow: (client: PrivateClient, disconnected: boolean) => void,
    private readonly receives: (client: PrivateClient, topic: string) => boolean,
  ) {}

  forward(client: PrivateClient, packet: AedesPublishPacket): AedesPublishPacket | null {
    return this.receives(client, packet.topic) &&
      isMeant(client, packet.topic) &&
      this.#isNews(client, packet) &&
      this.#hasRoom(client, packet)
      ? packet
      : null;
  }

  #isNews(client: PrivateClient, packet: AedesPublishPacket): boolean {
    if (!packet.brokerId) {
      // A replay from the store that a live message overtook would put the subscriber back in time.
      return this.retained.get(packet.topic)?.payload === packet.payload;
    }
    // Overlapping filters of one client see the same message one right after the other: one copy is enough.
    if (this.#last.get(client) === packet.brokerCounter) return false;
    this.#last.set(client, packet.brokerCounter);
    return true;
  }

  #hasRoom(client: PrivateClient, packet: AedesPublishPacket): boolean {
    const { conn } = client;
    if (conn.writableLength <= this.backlogBytes) {
      this.#slow.delete(client);
      return true;
    }
    const disconnect = packet.qos > 0 && !conn.destroyed && this.granted.of(client, packet.topic) > 0;
    if (disconnect || !this.#slow.has(client)) this.onSlow(client, disconnect);
    this.#slow.add(client);
    if (disconnect) conn.destroy();
    return false;
  }
}

/** What begins with `_` is between two nodes: nobody is sent it who has not asked for that very level, as with `$`. */
function isMeant(client: PrivateClient, topic: string): boolean {
  const at = topic.lastIndexOf('/') + 1;
  if (topic[at] !== '_') return true;
  const last = topic.slice(at);
  for (const filter in client.subscriptions) {
    if (filter.endsWith(`/${last}`) && matches(filter, topic)) return true;
  }
  return false;
}
