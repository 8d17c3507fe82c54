/** What is told of a standing order that did something; at odds with another one, both sides. */
import { keyOf, type StandingOrder } from '../balance/standing-order.js';
import { isOf } from '../balance/units.js';
import type { NodeRecord } from '../core/node-record.js';

/** Paths. */
export interface Done {
  readonly started: readonly string[];
  readonly stopped: readonly string[];
}

/** How it came to that, and what follows. */
export interface Course {
  readonly isShort: boolean;
  /** Milliseconds that it rests, since something undoes it each time; 0 where nothing does. */
  readonly waitMs: number;
  /** By path, why each instance was as it was before: the other side's last word. */
  readonly before: ReadonlyMap<string, string>;
}

/** By path, why each instance is as it is. */
export const lastWords = (records: Iterable<NodeRecord>, order: StandingOrder): Map<string, string> =>
  new Map(
    [...records]
      .filter(record => record.kind === 'leaf' && isOf(record, order))
      .map(({ path, reason }) => [path, reason ?? UNKNOWN]),
  );
const UNKNOWN = 'nobody said why';

/** Instances of which it is said why they were as they were. */
const MOST_NAMED = 5;

export function inWords(order: StandingOrder, { started, stopped }: Done, course: Course): string {
  const what = [
    ...(started.length > 0 ? [`started ${started.join(', ')}`] : []),
    ...(stopped.length > 0 ? [`stopped ${stopped.join(', ')}`] : []),
  ];
  const did =
    what.length > 0 ? what.join('; ') : course.isShort ? 'no slot is free' : 'nothing could be stopped';
  const told = `${keyOf(order)}: ${order.count} are to run; ${did}`;
  if (course.waitMs === 0) return told;
  const undone = [...started, ...stopped]
    .slice(0, MOST_NAMED)
    .map(path => `${path}: ${course.before.get(path) ?? UNKNOWN}`);
  return `${told}; another order or hand undoes that again and again (before this, ${undone.join('; ')}); next look in ${course.waitMs / 1000} s`;
}
