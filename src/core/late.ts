/** A node that has missed a heartbeat: shown, and not chosen by balancing; no more than that. */
import type { NodeRecord } from './node-record.js';

/** Intervals without a heartbeat after which one was missed, and a margin (ms) for the way up. */
const LATE_INTERVALS = 1.5;
const LATE_MARGIN_MS = 500;

/** Whether one that beats has missed a heartbeat; any other word of its own does as well. `mono` is the observer's clock. */
export function missedBeat(
  { interval, seenAt }: Pick<NodeRecord, 'interval' | 'seenAt'>,
  mono: number,
): boolean {
  if (interval === null || seenAt === null) return false;
  return mono - seenAt.mono > interval * 1000 * LATE_INTERVALS + LATE_MARGIN_MS;
}
