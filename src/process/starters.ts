/**
 * Who starts a target. A single one, as at a restart, is started by a shell that has waited for it: nothing else is as soon. Many
 * at once by one starter: a fork of this process takes several times as long as one of a shell, and all of it from this thread.
 */
import type { LaunchWords } from './launch-words.js';
import { Single } from './single.js';
import { Starter } from './starter.js';
import { systemProgram } from './system-program.js';
import type { Orders } from './wrapper.js';

/** Two crashes at once are served at once. */
const WAITING = 2;
/** Milliseconds without a launch before the gap is filled: that takes this process a millisecond or two. */
const QUIET_MS = 30;
/** Milliseconds without a launch that make a burst one that is over. */
const CALM_MS = 200;

const waiting: Single[] = [];
let many: Starter | null = null;
let timer: NodeJS.Timeout | null = null;
let takenAt = Number.NEGATIVE_INFINITY;

/** Whether nobody waits for a target: what can wait is done then. */
export const isCalm = (): boolean => performance.now() - takenAt >= CALM_MS;

/** `fresh`: by none that has waited, since what became of one of those may have become of the others. */
export type Who = 'soonest' | 'fresh';

/** A launch under way, and then its target. */
export function launch(orders: Orders, who: Who): LaunchWords {
  takenAt = performance.now();
  refillLater();
  const spare = who === 'soonest' ? waiting.shift() : undefined;
  const told = (spare ?? starterOfMany() ?? new Single('prompt', setsid())).launch(orders);
  const first = told.first.then(
    () => void underWay.delete(first),
    () => void underWay.delete(first),
  );
  underWay.add(first);
  return told;
}

/** What launches have not come to anything yet. */
const underWay = new Set<Promise<void>>();

/** Resolves when all that is being launched has started, or come to nothing; at the latest after so many milliseconds. */
export function allStarted(mostMs: number): Promise<void> {
  const late = new Promise<void>(resolve => setTimeout(resolve, mostMs).unref());
  return Promise.race([late, Promise.all(underWay).then(() => {})]);
}

function refillLater(): void {
  if (timer) return void timer.refresh();
  timer = setTimeout(refill, QUIET_MS).unref();
}

function refill(): void {
  timer = null;
  if (waiting.length >= WAITING) return;
  const spare = oneThatWaits();
  if (spare === null || spare.pid === null) return;
  waiting.push(spare);
  refillLater();
}

/** What can't be had now is not missed before the next launch, which then says why. */
function oneThatWaits(): Single | null {
  try {
    const spare: Single = new Single('waiting', setsid(), () => {
      const at = waiting.indexOf(spare);
      if (at !== -1) waiting.splice(at, 1);
    });
    return spare;
  } catch {
    return null;
  }
}

const setsid = (): string | null => systemProgram('setsid');

/** Null where the system lacks what keeps its targets apart. */
function starterOfMany(): Starter | null {
  if (many?.isFit) return many;
  const [env, session] = [systemProgram('env'), setsid()];
  if (many?.isUnable || env === null || session === null) return null;
  many = new Starter({ env, setsid: session });
  return many;
}
