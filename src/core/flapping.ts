/**
 * Whether a node goes up and down all the time: Nagios' weighted share of changes over the last 20 states, each compared with
 * the one before it; the oldest change counts 0.8, the newest 1.2 ("Detection and Handling of State Flapping"). Pure.
 */
import type { Desired, LinkFact, Phase, Status } from './facts.js';

/** A status that says how the node does, and not that it is on its way, or hidden. */
export type HardStatus = Extract<Status, 'up' | 'degraded' | 'down' | 'stopped'>;

export interface Flap {
  /** The last sample, and when it was taken (monotonic ms). */
  readonly last: HardStatus;
  readonly at: number;
  /** One bit for each sample, 1 where it differed from the one before; the newest is the lowest. */
  readonly changes: number;
  readonly on: boolean;
}

export interface FlapRule {
  /** Percent at which it begins, and below which it ends. */
  readonly high: number;
  readonly low: number;
  /** Milliseconds after which a state that has not changed is a sample again. */
  readonly intervalMs: number;
}

const STATES = 20;
const OLDEST = 0.8;
const NEWEST = 1.2;
const MASK = 2 ** STATES - 1;

/** 0 to 100. */
export function shareOfChanges(changes: number): number {
  let sum = 0;
  for (let age = 0; age < STATES; age++)
    if ((changes >>> age) & 1) sum += NEWEST - ((NEWEST - OLDEST) * age) / (STATES - 1);
  return (sum / STATES) * 100;
}

/** With one more look at it. `status` null: nothing to go by now. The same object where nothing has come of it. */
export function sampled(
  flap: Flap | null,
  status: HardStatus | null,
  mono: number,
  rule: FlapRule,
): Flap | null {
  if (status === null) return flap;
  if (flap === null) return { last: status, at: mono, changes: 0, on: false };
  const changed = status !== flap.last;
  if (!changed && mono - flap.at < rule.intervalMs) return flap;
  const changes = ((flap.changes << 1) | Number(changed)) & MASK;
  const share = shareOfChanges(changes);
  const on = flap.on ? share >= rule.low : share >= rule.high;
  return { last: status, at: mono, changes, on };
}

/** What counts of a status: none on the way from one to another, none that is hidden, and none that somebody wanted. */
export function hardStatus(
  record: { readonly link: LinkFact; readonly phase: Phase | null; readonly desired: Desired | null },
  status: Status,
): HardStatus | null {
  if (status === 'unknown' || status === 'unreachable') return null;
  if (record.link === 'offline') return null;
  if (record.link === 'lost') return status === 'down' ? 'down' : null;
  if (record.phase === 'starting' || record.phase === 'stopping') return null;
  return status === 'stopped' && record.desired === 'stopped' ? null : status;
}
