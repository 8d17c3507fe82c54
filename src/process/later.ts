/** What can wait: targets come first, those of other leaves of this process too. */
import { isCalm } from './starters.js';

/** Milliseconds after a start, and between two looks whether others are being started. */
const LATER_MS = 300;
/** So many looks at most. */
const LOOKS = 10;

/** `timers` gets the timer that ends it, each in its turn. */
export function afterStarts(timers: NodeJS.Timeout[], run: () => void, looks = LOOKS): void {
  const timer = setTimeout(() => {
    if (isCalm() || looks <= 1) return run();
    timers.splice(timers.indexOf(timer), 1);
    afterStarts(timers, run, looks - 1);
  }, LATER_MS);
  timers.push(timer.unref());
}
