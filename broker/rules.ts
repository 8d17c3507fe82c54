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

export interface Origin {
  readonly clientId: string;
  readonly identity: Identity | null;
  /** `keepalive`: a will that fires since the client fell silent, not since its socket died. */
  readonly via: 'publish' | 'will' | 'keepalive';
}

export interface Refusal {
  readonly code: string;
  readonly reason: string;
}

/** The house's own word on a message that passed the broker's checks: let it pass, as it is or completed, or not. */
export type Admit = (message: Message, from: Origin) => Message | Refusal;
