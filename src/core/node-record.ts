/** What is known of one node, and what a node reports of itself. */
import type { AppCapacity } from './app-capacity.js';
import type { Moment } from './clock.js';
import type { Cause, Desired, Health, Kind, LinkFact, Phase } from './facts.js';
import type { Flap } from './flapping.js';
import type { Labels } from './labels.js';
import type { Maintenance } from './maintenance.js';
import type { Skew } from './skew.js';

/** The machine that a leaf is on. */
export interface HostFacts {
  readonly name: string;
  readonly cores: number;
}

/** The place of the last state that was taken. */
export interface Said {
  readonly epoch: number;
  readonly seq: number;
  readonly rev: number;
}

export interface Marks {
  readonly seq?: number;
  readonly rev?: number;
  /** Of a word of the parent: `seq` of the last heartbeat that it had heard. */
  readonly beat?: number;
}
export interface StateReport extends Marks {
  readonly epoch: number;
  readonly kind: Kind;
  readonly app?: string | null;
  readonly link: LinkFact;
  readonly phase?: Phase;
  readonly health?: Health;
  readonly reason?: string;
  readonly pid?: number | null;
  readonly exitCode?: number | null;
  readonly signal?: string | null;
  readonly desired?: Desired;
  readonly labels?: Labels;
  readonly host?: HostFacts;
  readonly maintenance?: Maintenance | null;
  readonly insecure?: boolean;
  /** Of a goodbye before a planned restart: when it means to be back, and when it said so, ms by its own clock. */
  readonly restartBy?: number;
  readonly ts?: number;
  /** It is forgotten after a goodbye. */
  readonly ephemeral?: boolean;
}

/** A goodbye before a planned restart. */
export interface PlannedRestart {
  /** When it was said, by the observer's clocks. */
  readonly at: Moment;
  /** Milliseconds from then in which it means to be back. */
  readonly forMs: number;
}

export interface BeatReport {
  readonly epoch: number;
  readonly seq: number;
  /** `seq` of its newest state. */
  readonly stateSeq?: number;
  /** By the clock of who says it. */
  readonly ts?: number;
  readonly interval: number;
  readonly kind: Kind;
  readonly app?: string | null;
  readonly phase?: Phase;
  readonly health?: Health;
  readonly pid?: number | null;
  /** Seconds. */
  readonly uptime?: number;
  /** Of the target: fraction of one core, and bytes. */
  readonly cpu?: number;
  readonly rss?: number;
  /** How loaded its machine is: fractions of all its cores and of its memory. */
  readonly load?: number;
  readonly memory?: number;
  readonly apps?: Readonly<Record<string, AppCapacity>>;
}

export interface NodeRecord {
  readonly path: string;
  /** Null while only nodes below it have been heard (a plain MQTT bridge stands in for it). */
  kind: Kind | null;
  app: string | null;
  epoch: number | null;
  /** The last state that was taken; heartbeats may have told more since. */
  said: Said | null;
  /** The installation that last spoke for itself; null where that was never certain. */
  speaker: string | null;
  link: LinkFact;
  cause: Cause | null;
  /** Of a loss that somebody else has told: `seq` of the last heartbeat before it. */
  lostAfter: number | null;
  reason: string | null;
  phase: Phase | null;
  health: Health | null;
  pid: number | null;
  exitCode: number | null;
  signal: string | null;
  desired: Desired | null;
  labels: Labels;
  host: HostFacts | null;
  maintenance: Maintenance | null;
  /** The last one that was over here before the node had said so. */
  lifted: Maintenance | null;
  /** It listens where strangers can reach it, without authentication or TLS. */
  insecure: boolean;
  beat: BeatReport | null;
  /** Seconds between its heartbeats; null before the first. Outlives the epoch. */
  interval: number | null;
  /** When a heartbeat of it last came. */
  liveAt: Moment | null;
  /** It said goodbye to be back at once. */
  restart: PlannedRestart | null;
  ephemeral: boolean;
  /** How far its clock is ahead of the observer's. */
  skew: Skew | null;
  /** By more than is allowed. */
  clockWrong: boolean;
  /** How often its status has changed of late. */
  flap: Flap | null;
  /** It is known from before this observer was started, and was not heard since. */
  restoredAt: Moment | null;
  /** When the link last changed; when the node's own facts last changed what they say of it. */
  linkAt: Moment;
  factsAt: Moment;
  /** `ts` of the message by which either last changed: the same at every observer that has it; null before. */
  turnedAt: number | null;
  /** When anything was last reported of it, by itself or by its parent; null before. */
  heardAt: Moment | null;
  /** When the node itself was last heard. */
  seenAt: Moment | null;
  /** When it came back after a loss: what is below it must be heard again from then on. */
  healedAt: Moment | null;
  /** When it was first heard again after a hop above it had healed. */
  regainedAt: Moment | null;
}

export const blankRecord = (path: string, at: Moment): NodeRecord => ({
  path,
  kind: null,
  app: null,
  epoch: null,
  said: null,
  speaker: null,
  link: 'online',
  cause: null,
  lostAfter: null,
  reason: null,
  phase: null,
  health: null,
  pid: null,
  exitCode: null,
  signal: null,
  desired: null,
  labels: {},
  host: null,
  maintenance: null,
  lifted: null,
  insecure: false,
  beat: null,
  interval: null,
  liveAt: null,
  restart: null,
  ephemeral: false,
  skew: null,
  clockWrong: false,
  flap: null,
  restoredAt: null,
  linkAt: at,
  factsAt: at,
  turnedAt: null,
  heardAt: null,
  seenAt: null,
  healedAt: null,
  regainedAt: null,
});

/** Never spoke for itself: a plain MQTT bridge stands in for it. */
export const isStandIn = (record: Pick<NodeRecord, 'epoch'>): boolean => !record.epoch;
