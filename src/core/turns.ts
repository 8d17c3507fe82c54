/** In what order a node carries out its commands: who begins, who gives way, who finds no room. Pure. */

/**
 * `at-once`: beside all others. The rest one after the other, as they came. An `overtaking` one takes the place of every
 * `replaceable` one before it: those that wait are not begun, one under way is cut short.
 */
export type Turn = 'at-once' | 'in-turn' | 'replaceable' | 'overtaking';

/** Nobody waits where nobody is current. */
export interface Line<T> {
  readonly current: T | null;
  readonly waiting: readonly T[];
}
export const emptyLine: Line<never> = { current: null, waiting: [] };

export interface Entered<T> {
  readonly line: Line<T>;
  readonly begin: T | null;
  /** Not to be begun any more, in order. */
  readonly superseded: readonly T[];
  /** Under way, and to be ended as soon as it can be; it stays current until then. */
  readonly cut: T | null;
}

/** Null, and nothing has changed, where more than `most` would wait. */
export function enter<T extends { readonly turn: Turn }>(
  line: Line<T>,
  it: T,
  most: number,
): Entered<T> | null {
  const nobody = { superseded: [], cut: null };
  if (it.turn === 'at-once') return { line, begin: it, ...nobody };
  if (line.current === null) return { line: { current: it, waiting: [] }, begin: it, ...nobody };
  const givesWay = (other: T): boolean => it.turn === 'overtaking' && other.turn === 'replaceable';
  const kept = line.waiting.filter(other => !givesWay(other));
  if (kept.length >= most) return null;
  return {
    line: { current: line.current, waiting: [...kept, it] },
    begin: null,
    superseded: line.waiting.filter(givesWay),
    cut: givesWay(line.current) ? line.current : null,
  };
}

/** `it` has ended, whichever way: who begins now. */
export function leave<T>(line: Line<T>, it: T): { readonly line: Line<T>; readonly begin: T | null } {
  if (line.current !== it) return { line, begin: null };
  const [begin = null, ...waiting] = line.waiting;
  return { line: { current: begin, waiting }, begin };
}
