/** The one clock of the worlds that are explored, set by the one that is looked at. Milliseconds. */
import type { Clock } from '../../../src/core/clock.js';

export const INTERVAL_MS = 1000;
export const TIMEOUT_MS = 2000;
export const GRACE_MS = (TIMEOUT_MS * 2) / 3;
export const SILENT_MS = TIMEOUT_MS * 2;

let time = 0;
export const setTime = (ms: number): void => {
  time = ms;
};
/** Wall and monotonic time are kept apart, so that mixing them up is seen. */
export const clock: Clock = { mono: () => time, now: () => 1_790_000_000_000 + time };
