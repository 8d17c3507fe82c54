import type { AedesPublishPacket } from 'aedes';
import { matches } from '../topics.js';
import type { PrivateClient, WirePacket } from './aedes-private.js';

type Qos = 0 | 1 | 2;
type Deliver = PrivateClient['deliverQoS'];

/** Before the place of a filter that the same SUBSCRIBE has again later, and a slash: nothing of the wire has it. */
const AGAIN = '\0';

/**
 * The QoS that each client asked for, by filter. Aedes delivers with that of whichever filter comes first, where several
 * mean a topic (MQTT-3.3.5-1), and mistakes that of another for it; so it is told 2 for all, and what is sent is capped
 * by what is known here.
 */
export class Granted {
  readonly #asked = new WeakMap<PrivateClient, Map<string, Qos>>();

  grant(client: PrivateClient, filter: string, qos: Qos): void {
    const asked = this.#asked.get(client) ?? new Map<string, Qos>();
    this.#asked.set(client, asked.set(filter, qos));
  }

  release(client: PrivateClient, filters: readonly string[]): void {
    for (const filter of filters) this.#asked.get(client)?.delete(filter);
  }

  /** The highest QoS that a client asked for a topic with. */
  of(client: PrivateClient, topic: string): Qos {
    let highest: Qos = 0;
    for (const [filter, qos] of this.#asked.get(client) ?? [])
      if (qos > highest && matches(filter, topic)) highest = qos;
    return highest;
  }

  /** Makes a client be sent everything with the QoS that it asked for, and nothing as a repetition that is none. */
  cap(client: PrivateClient): void {
    const deliver: Deliver = client.deliverQoS;
    client.deliverQoS = (packet: AedesPublishPacket & { qos: Qos }, done) => {
      if (packet.qos > 0) packet.qos = Math.min(packet.qos, this.of(client, packet.topic)) as Qos;
      // MQTT-3.3.1-3: DUP is between a publisher and us.
      packet.dup = false;
      deliver(packet, done);
    };
  }
}

/** Aedes answers equal filters of one SUBSCRIBE with one code (MQTT-3.8.4-5): all but the last are told apart. */
export function tellApart(subscriptions: NonNullable<WirePacket['subscriptions']>): void {
  const last = new Map(subscriptions.map(({ topic }, at) => [topic, at]));
  subscriptions.forEach((subscription, at) => {
    if (last.get(subscription.topic) !== at) subscription.topic = `${AGAIN}${at}/${subscription.topic}`;
  });
}

/** The filter as it came. */
export const askedFilter = (filter: string): string =>
  filter.startsWith(AGAIN) ? filter.slice(filter.indexOf('/') + 1) : filter;
