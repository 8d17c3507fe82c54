/** How long a node was what within a window of time: arithmetic over what changed, and when. Pure; all times in ms. */
import type { Kind, Status } from './facts.js';

export interface Change {
  readonly at: number;
  /** Null: not known, or forgotten. */
  readonly status: Status | null;
  readonly kind: Kind | null;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Course {
  /** Of the node itself, and of each node above it; each in order of time. */
  readonly own: readonly Change[];
  readonly above: readonly (readonly Change[])[];
  /** When it, or what is above it, was in maintenance. */
  readonly maintenance: readonly Span[];
  /** When nobody watched. */
  readonly unobserved: readonly Span[];
}

export const TIME_KINDS = [
  'up',
  'degraded',
  'down',
  'unreachable',
  'maintenance',
  'stopped',
  'unknown',
  'unobserved',
] as const;
export type TimeKind = (typeof TIME_KINDS)[number];
/** They add up to the window. */
export type Times = Record<TimeKind, number>;

export const noTimes = (): Times =>
  Object.fromEntries(TIME_KINDS.map(kind => [kind, 0])) as Record<TimeKind, number>;

/** What is not watched is not known, whatever else was; what is in maintenance is not judged. */
export function timesOf(course: Course, window: Span): Times {
  const times = noTimes();
  if (window.to <= window.from) return times;
  const [own, ...above] = [course.own, ...course.above].map(changes => new Reading(changes));
  const maintained = new Cover(course.maintenance);
  const unwatched = new Cover(course.unobserved);
  const cuts = cutsOf(course, window);
  for (const [index, from] of cuts.entries()) {
    const to = cuts[index + 1];
    if (to === undefined) break;
    const now = (own as Reading).at(from);
    const hops = above.map(hop => hop.at(from));
    times[kindOf(now, hops, maintained.has(from), unwatched.has(from))] += to - from;
  }
  return times;
}

function kindOf(
  own: Change | null,
  hops: readonly (Change | null)[],
  isMaintained: boolean,
  isUnwatched: boolean,
): TimeKind {
  if (isUnwatched || !own || own.status === null) return 'unobserved';
  if (isMaintained) return 'maintenance';
  // What only stands in for a relay is `unknown` all its life, and hides nothing.
  const hiding = hops.find(
    hop =>
      hop?.status === 'down' || hop?.status === 'stopped' || (hop?.status === 'unknown' && hop.kind !== null),
  );
  if (hiding) return hiding.status === 'unknown' ? 'unknown' : 'unreachable';
  return own.status;
}

function cutsOf({ own, above, maintenance, unobserved }: Course, { from, to }: Span): number[] {
  const cuts = new Set([from, to]);
  const cut = (at: number): void => void (at > from && at < to && cuts.add(at));
  for (const { at } of [own, ...above].flat()) cut(at);
  for (const span of [...maintenance, ...unobserved]) {
    cut(span.from);
    cut(span.to);
  }
  return [...cuts].sort((a, b) => a - b);
}

/** What holds at a moment; asked in order of time. */
class Reading {
  private next = 0;

  constructor(private readonly changes: readonly Change[]) {}

  at(time: number): Change | null {
    for (let change = this.changes[this.next]; change && change.at <= time; change = this.changes[this.next])
      this.next += 1;
    return this.changes[this.next - 1] ?? null;
  }
}

/** Whether some span holds a moment; asked in order of time. */
class Cover {
  private readonly spans: readonly Span[];
  private next = 0;
  private end = Number.NEGATIVE_INFINITY;

  constructor(spans: readonly Span[]) {
    this.spans = [...spans].sort((a, b) => a.from - b.from);
  }

  has(time: number): boolean {
    for (let span = this.spans[this.next]; span && span.from <= time; span = this.spans[this.next]) {
      this.end = Math.max(this.end, span.to);
      this.next += 1;
    }
    return time < this.end;
  }
}

/** Up, degraded included, of the time in which it was judged; null where there was none. */
export function availabilityOf({ up, degraded, down }: Times): number | null {
  const judged = up + degraded + down;
  return judged === 0 ? null : (up + degraded) / judged;
}

export const addTimes = (a: Times, b: Times): Times =>
  Object.fromEntries(TIME_KINDS.map(kind => [kind, a[kind] + b[kind]])) as Record<TimeKind, number>;

export interface Failures {
  /** That began within the window. */
  readonly failures: number;
  /** Ms from down to up, of each that ended within it. */
  readonly repairs: readonly number[];
}

/** A failure lasts until the node is up again, or meant not to be: to be started again and fail again is still the same. */
export function failuresOf(own: readonly Change[], window: Span): Failures {
  let openedAt: number | null = null;
  let failures = 0;
  const repairs: number[] = [];
  const isWithin = (at: number): boolean => at >= window.from && at < window.to;
  for (const { at, status, kind } of own) {
    if (status === 'down') {
      if (openedAt !== null) continue;
      openedAt = at;
      if (isWithin(at)) failures += 1;
    } else if (status === 'degraded' || (status === 'unknown' && kind !== null)) {
      // neither up nor given up
    } else {
      if (openedAt !== null && isUp(status) && isWithin(at)) repairs.push(at - openedAt);
      openedAt = null;
    }
  }
  return { failures, repairs };
}

const isUp = (status: Status | null): boolean => status === 'up' || status === 'unknown';
