/** How loaded something is, as one figure from 0 (idle) to 1. */
import type { NodeRecord } from '../core/node-record.js';

/** What an instance more is taken to add to a machine where nothing was measured. */
export const STEP = 0.05;
/** A machine that has not said how loaded it is: neither preferred nor shunned. */
const UNTOLD = 0.5;

/** The machine's scarcer resource: its cores or its memory. */
export function loadOf({ beat }: Pick<NodeRecord, 'beat'>): number {
  return beat?.load === undefined ? UNTOLD : Math.max(beat.load, beat.memory ?? 0);
}

/** Of a place for a start: one whose last run still stops is taken last, as if there were no room. */
export const startLoadOf = (record: Pick<NodeRecord, 'beat' | 'phase'>): number =>
  record.phase === 'stopping' ? 1 : loadOf(record);

/** What a target adds to its machine, as a fraction of all its cores. */
export function weightOf({ beat, host }: Pick<NodeRecord, 'beat' | 'host'>): number {
  return (beat?.cpu ?? 0) / (host?.cores ?? 1);
}
