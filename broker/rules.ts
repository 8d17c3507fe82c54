import type { Message } from './link.js';

/** What the broker room must know of the topic contract; handed in, so that it knows nothing of services. */
export interface TopicRules {
  /** First level of every topic that is ours: `canopy`. */
  readonly prefix: string;
  /** Channels (last level) that flow up, and those that flow down; disjoint, which is the loop guard. */
  readonly up: ReadonlySet<string>;
  readonly down: ReadonlySet<string>;
  /** Channels published with the retain flag; on any other it is refused (down) or ignored (up). */
  readonly retained: ReadonlySet<string>;
  /** Names in a path at most. */
  readonly maxNames: number;
  readonly isName: (segment: string) => boolean;
  /** QoS of a channel. */
  readonly qos: (channel: string) => 0 | 1;
}

/** Who a client says it is: a node of the tree (its name below this broker), or anyone else (null). */
export interface Identity {
  readonly name: string;
  /** Stable per data directory: tells a restarted node from a second one of the same name. */
  readonly instance: string;
}

/** Whoever was proven to be at the other end, in the words of the house; the broker only hands it back. */
export type Who = object;

/** Of a client certificate that the TLS layer has verified. */
export interface Certificate {
  /** The CN of its subject, then the DNS names among its SANs. */
  readonly names: readonly string[];
  /** The OU of its subject; '' where it has none. */
  readonly unit: string;
  /** Milliseconds since the Unix epoch: its end. */
  readonly notAfter: number;
  /** Lower-case hex without colons. */
  readonly serial: string;
  readonly fingerprint256: string;
}

/** What a client shows of itself when it connects. */
export interface Shown {
  readonly clientId: string;
  /** Of the socket's far end, without its port. */
  readonly address: string;
  readonly username?: string;
  readonly password?: string;
  readonly certificate?: Certificate;
}

/** A client that was recognised. */
export interface Known {
  readonly who: Who;
  /** The same at every connection of the same one: a session (clean=false) is handed to nobody else. */
  readonly id: string;
  /** The node that it was proven to be; its client id must not say another name. Null: it is none. */
  readonly node: string | null;
}

export interface Refusal {
  readonly code: string;
  readonly reason: string;
}

/** Why a client is not let in, with the return code of its CONNACK (MQTT 3.1.1, table 3.1). */
export interface Turned extends Refusal {
  readonly returnCode: 2 | 3 | 4 | 5;
}

/** The house's word on who a client is. What a client has sent must not make it throw or reject. */
export type Authenticate = (shown: Shown) => Known | Turned | Promise<Known | Turned>;

/** The house's word on what a client may do; asked for every message, so it must be quick and depend on nothing else. */
export interface Access {
  /** Also of a will. */
  publish(who: Who, topic: string): boolean;
  /** `narrowed`: granted, though not all that falls under it may be received. */
  subscribe(who: Who, filter: string): 'whole' | 'narrowed' | 'refused';
  /** Live, retained or queued. */
  receive(who: Who, topic: string): boolean;
}

export interface Origin {
  readonly clientId: string;
  readonly identity: Identity | null;
  /** Null: this very process. */
  readonly who: Who | null;
  /** Of the far end of its socket, without the port; absent where there is none. */
  readonly address?: string;
  /** `keepalive`: a will that fires since the client fell silent, not since its socket died. */
  readonly via: 'publish' | 'will' | 'keepalive';
}

/** The house's own word on a message that passed the broker's checks: let it pass, as it is or completed, or not. */
export type Admit = (message: Message, from: Origin) => Message | Refusal;
