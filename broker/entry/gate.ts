import {
  DIVERTED,
  messageOf,
  type PrivateClient,
  ROUTED_QOS,
  type WirePacket,
} from '../aedes/aedes-private.js';
import type { RetainedStore } from '../aedes/retained.js';
import type { BrokerLimits } from '../limits.js';
import type { Message } from '../link.js';
import type { Access, Admit, Origin, TopicRules } from '../rules.js';
import { filterProblem, isBridgeNotice, isRefusal, parse, shown } from '../topics.js';
import { judge, type Sender } from './judge.js';
import type { Reception } from './reception.js';
import type { Report } from './report.js';

export interface GateOptions {
  readonly rules: TopicRules;
  readonly limits: BrokerLimits;
  readonly access: Access;
  readonly admit: Admit;
  readonly retained: Pick<RetainedStore, 'fits'>;
  readonly reception: Reception;
  readonly report: Report;
}

/** Lets messages and subscriptions through, or reports why not; the same for a socket and for a local link. */
export class Gate {
  /** Filters by client. */
  readonly #held = new WeakMap<PrivateClient, Set<string>>();

  constructor(private readonly options: GateOptions) {}

  /** All that a message must pass, whoever publishes it; null where it was refused, and reported unless harmless. */
  pass(message: Message, origin: Origin, client: PrivateClient | null): Message | null {
    const { retained, admit, report } = this.options;
    let verdict = judge(this.options, client ? this.whoOf(client) : origin.who, message);
    if (!isRefusal(verdict) && verdict.retain && !retained.fits(verdict.topic, verdict.payload.length)) {
      const reason = `no room for another retained message: ${shown(verdict.topic)}`;
      verdict = { code: 'retained-full', reason };
    }
    if (!isRefusal(verdict)) verdict = admit(verdict, origin);
    if (!isRefusal(verdict)) return verdict;
    if (!isBridgeNotice(message.topic)) report(verdict, client, { message, origin });
    return null;
  }

  /** What a client publishes with QoS 0 and no retain flag; null where it was refused and reported. */
  passPlain(client: PrivateClient, topic: string, payload: Buffer): Message | null {
    return this.pass({ topic, payload, qos: 0, retain: false }, this.#originOf(client, 'publish'), client);
  }

  /** Notes on a packet, a will's included, what is to become of it: aedes closes the socket of whom it may deny. */
  mark(client: PrivateClient, packet: WirePacket): void {
    const { reception, rules } = this.options;
    const via = client.will !== packet ? 'publish' : reception.wasSilent(client) ? 'keepalive' : 'will';
    const passed = this.pass(messageOf(packet), this.#originOf(client, via), client);
    if (!passed) {
      packet[DIVERTED] = true;
      return;
    }
    packet.payload = passed.payload;
    packet.retain = passed.retain;
    // QoS 2 is for strangers among themselves.
    packet[ROUTED_QOS] = packet.qos === 2 && parse(rules, packet.topic) === null ? 2 : passed.qos;
  }

  /** Whether a client gets a subscription, reported where not. */
  grants(client: PrivateClient, filter: string): boolean {
    const refusal = this.filterRefusal(this.whoOf(client), filter);
    const tooMany = refusal ? null : this.#oneTooMany(client, filter);
    // What was washed has been reported with what it was.
    const known = filter.startsWith('$washed/');
    if (refusal && !known) this.options.report({ code: 'not-authorized', reason: refusal }, client);
    if (tooMany) this.options.report({ code: 'too-many-subscriptions', reason: tooMany }, client);
    return refusal === null && tooMany === null;
  }

  /** Filters that a client has ended. */
  released(client: PrivateClient, filters: readonly string[]): void {
    for (const filter of filters) this.#held.get(client)?.delete(filter);
  }

  #oneTooMany(client: PrivateClient, filter: string): string | null {
    const held = this.#held.get(client) ?? new Set();
    const { maxFiltersPerClient } = this.options.limits;
    if (held.size >= maxFiltersPerClient && !held.has(filter))
      return `a client has at most ${maxFiltersPerClient} subscriptions`;
    this.#held.set(client, held.add(filter));
    return null;
  }

  /** Why somebody may not have a subscription; null where he may. */
  filterRefusal(who: Sender, filter: string): string | null {
    const problem = filterProblem(filter, this.options.limits);
    if (problem) return problem.reason;
    const may =
      who === null
        ? !filter.startsWith('$')
        : who !== undefined && this.options.access.subscribe(who, filter) !== 'refused';
    return may ? null : `it may not subscribe to ${shown(filter)}`;
  }

  /** Whether somebody may have a message, be it live, retained or queued: of what he subscribed to, it may be a part. */
  isFor(who: Sender, topic: string): boolean {
    return who === null || (who !== undefined && this.options.access.receive(who, topic));
  }

  /** The same of a client. */
  readonly receives = (client: PrivateClient, topic: string): boolean =>
    this.isFor(this.whoOf(client), topic);

  /** Undefined for a client that was not let in, or is no more. */
  whoOf(client: PrivateClient): Sender {
    return this.options.reception.whoOf(client);
  }

  #originOf(client: PrivateClient, via: Origin['via']): Origin {
    const { reception } = this.options;
    const { remoteAddress } = client.conn;
    return {
      clientId: client.id,
      ...(remoteAddress !== undefined && { address: remoteAddress }),
      identity: reception.identityOf(client),
      who: reception.whoOf(client) ?? null,
      via,
    };
  }
}
