/** A planned restart: announced in the goodbye, with a deadline. */
import type { Moment } from './clock.js';
import type { NodeRecord, PlannedRestart, StateReport } from './node-record.js';

/** Milliseconds; nobody takes longer to be back, and what says so is not to hide an outage. */
const LONGEST_MS = 3_600_000;

/** What a state says of it. Both times are the sender's, so that its clock may be wrong; a loss keeps what was announced. */
export function plannedRestart(
  report: StateReport,
  known: PlannedRestart | null,
  at: Moment,
): PlannedRestart | null {
  if (report.link === 'lost') return known;
  if (report.link !== 'offline' || report.restartBy === undefined) return null;
  // The same goodbye again, replayed: the time runs from the first one.
  if (known) return known;
  const forMs = report.restartBy - (report.ts ?? at.now);
  return { at, forMs: Math.max(0, Math.min(forMs, LONGEST_MS)) };
}

/** Whether it said goodbye to be back, and has still time for it. `mono`: the observer's clock. */
export const isRestarting = (
  { link, restart }: Pick<NodeRecord, 'link' | 'restart'>,
  mono: number,
): boolean => link === 'offline' && restart !== null && mono < restart.at.mono + restart.forMs;

/** When its time is over, wall ms. */
export const restartEnds = ({ at, forMs }: PlannedRestart): number => at.now + forMs;
