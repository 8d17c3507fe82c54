/** A node that has missed a heartbeat: shown, and not chosen by balancing; no more than that. */
import type { NodeRecord } from './node-record.js';

/** Intervals without a heartbeat after which one was missed, and a margin for the way up: half an interval, this at most (ms). */
const LATE_INTERVALS = 1.5;
const LATE_MARGIN_MS = 500;

/** Whether one that beats has missed a heartbeat. `mono` is the observer's clock. */
export function missedBeat(
  { interval, liveAt }: Pick<NodeRecord, 'interval' | 'liveAt'>,
  mono: number,
): boolean {
  if (interval === null || liveAt === null) return false;
  const intervalMs = interval * 1000;
  return mono - liveAt.mono > intervalMs * LATE_INTERVALS + Math.min(LATE_MARGIN_MS, intervalMs / 2);
}
