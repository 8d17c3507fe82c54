/** What a broker is made with, and what it tells. */
import type { RefusedEvent } from './entry/report.js';
import type { BrokerLimits } from './limits.js';
import type { Message } from './link.js';
import type { Listening } from './listen/doors.js';
import type { Listener } from './listener.js';
import type { Access, Admit, Authenticate, Identity, TopicRules, Who } from './rules.js';

export interface BrokerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly rules: TopicRules;
  /** Who a client id says it is; null for anyone who is no node of the tree. */
  readonly identify: (clientId: string) => Identity | null;
  readonly authenticate: Authenticate;
  readonly access: Access;
  /** The house's word on every message and will that passed the checks; called synchronously, in order of arrival. */
  readonly admit: Admit;
  readonly onRefused: (event: RefusedEvent) => void;
  /** A client was let in. */
  readonly onEntered?: (event: EnteredEvent) => void;
  /** A client has begun or ceased to be subscribed to a filter; called at once, so: note it and return. */
  readonly onAudience?: (filter: string) => void;
  readonly limits?: Partial<BrokerLimits>;
  /** What of an address counts as one caller, where that is more than the address: of IPv6 a whole network. */
  readonly callerOf?: (address: string) => string;
  /** Retained messages that it has before it listens, as far as there is room. */
  readonly stored?: readonly Message[];
  readonly listener?: Listener;
  /** Where it listens besides. */
  readonly more?: readonly Listening[];
}

export interface EnteredEvent {
  readonly who: Who;
  readonly clientId: string;
  /** Of its socket's far end. */
  readonly address: string;
}

export interface LocalLinkOptions {
  /** '' = the node that owns the broker; any number of links may have it. */
  readonly name: string;
  readonly instance: string;
  readonly will?: Message;
  /** Whose rights it has; left out, it may do all that the owner of the broker may. */
  readonly who?: Who;
}
