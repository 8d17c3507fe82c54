/** What is known of one node, and what a node reports of itself. */
import type { Moment } from './clock.js';
import type { Cause, Health, Kind, LinkFact, Phase } from './facts.js';

export interface StateReport {
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
}

export interface BeatReport {
  readonly epoch: number;
  readonly seq: number;
  readonly interval: number;
  readonly kind: Kind;
  readonly app?: string | null;
  readonly phase?: Phase;
  readonly health?: Health;
  readonly pid?: number | null;
}

export interface NodeRecord {
  readonly path: string;
  /** Null while only nodes below it have been heard (a plain MQTT bridge stands in for it). */
  kind: Kind | null;
  app: string | null;
  epoch: number | null;
  /** The installation that last spoke for itself; null where that was never certain. */
  speaker: string | null;
  link: LinkFact;
  cause: Cause | null;
  reason: string | null;
  phase: Phase | null;
  health: Health | null;
  pid: number | null;
  exitCode: number | null;
  signal: string | null;
  beat: BeatReport | null;
  /** When the link last changed; when the node's own facts last changed what they say of it. */
  linkAt: Moment;
  factsAt: Moment;
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
  speaker: null,
  link: 'online',
  cause: null,
  reason: null,
  phase: null,
  health: null,
  pid: null,
  exitCode: null,
  signal: null,
  beat: null,
  linkAt: at,
  factsAt: at,
  heardAt: null,
  seenAt: null,
  healedAt: null,
  regainedAt: null,
});

/** Never spoke for itself: a plain MQTT bridge stands in for it. */
export const isStandIn = (record: Pick<NodeRecord, 'epoch'>): boolean => !record.epoch;
