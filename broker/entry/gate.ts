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
import type { Admit, Identity, Origin, TopicRules } from '../rules.js';
import { filterProblem, isBridgeNotice, isRefusal, parse, shown } from '../topics.js';
import { maySubscribe } from './access.js';
import { judge } from './judge.js';
import type { Reception } from './reception.js';
import type { Report } from './report.js';

export interface GateOptions {
  readonly rules: TopicRules;
  readonly limits: BrokerLimits;
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
    const { rules, limits, retained, admit, report } = this.options;
    let verdict = judge(rules, limits, origin.identity, message);
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
    const identity = this.options.reception.identityOf(client);
    const origin: Origin = { clientId: client.id, identity, via: 'publish' };
    return this.pass({ topic, payload, qos: 0, retain: false }, origin, client);
  }

  /** Notes on a packet, a will's included, what is to become of it: aedes closes the socket of whom it may deny. */
  mark(client: PrivateClient, packet: WirePacket): void {
    const { reception, rules } = this.options;
    const via = client.will !== packet ? 'publish' : reception.wasSilent(client) ? 'keepalive' : 'will';
    const origin: Origin = { clientId: client.id, identity: reception.identityOf(client), via };
    const passed = this.pass(messageOf(packet), origin, client);
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
    const refusal = this.filterRefusal(this.options.reception.identityOf(client), filter);
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

  /** Why an identity may not have a subscription; null where it may. */
  filterRefusal(identity: Identity | null, filter: string): string | null {
    const problem = filterProblem(filter, this.options.limits);
    if (problem) return problem.reason;
    if (maySubscribe(this.options.rules, identity, filter)) return null;
    return `${identity?.name || 'this client'} may not subscribe to ${shown(filter)}`;
  }
}
