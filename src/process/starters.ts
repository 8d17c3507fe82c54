/** Who starts a target: one shim for all of this process, or where there can be none a shell for each. */
import type { LaunchWords } from './launch-words.js';
import { mono } from './mono.js';
import type { Orders } from './orders.js';
import { Shim } from './shim.js';
import { launchSingle } from './single.js';
import { systemProgram } from './system-program.js';

/** Milliseconds without a launch that make a burst one that is over. */
const CALM_MS = 200;

let takenAt = Number.NEGATIVE_INFINITY;
let shim: Shim | null = null;

/** Whether nobody waits for a target: what can wait is done then. */
export const isCalm = (): boolean => mono() - takenAt >= CALM_MS;

/** What launches have not come to anything yet. */
const underWay = new Set<Promise<void>>();

/** A launch under way, and then its target. */
export function launch(orders: Orders): LaunchWords {
  takenAt = mono();
  const told = readyShim()?.launch(orders) ?? launchSingle(orders, systemProgram('setsid'));
  const over = (): void => void underWay.delete(first);
  const first = told.first.then(over, over);
  underWay.add(first);
  return told;
}

/** Resolves when all that is being launched once `begun` has resolved has started, or come to nothing; at the latest after so many milliseconds. */
export function allStarted(begun: Promise<unknown>, mostMs: number): Promise<void> {
  const late = new Promise<void>(resolve => setTimeout(resolve, mostMs).unref());
  const started = begun.then(() => Promise.all(underWay)).then(() => {});
  return Promise.race([late, started]);
}

/** For whoever will launch something soon: a shim takes its time to begin. Null where the system lacks what it takes. */
export function readyShim(): Shim | null {
  if (shim?.isFit) return shim;
  const perl = systemProgram('perl');
  if (shim?.isUnable || perl === null) return null;
  shim = new Shim(perl);
  return shim;
}
