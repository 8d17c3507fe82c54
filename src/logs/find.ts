/** Searches an index: by seq, by time, and back from its end. */
import { lowest } from '../core/lowest.js';
import { type LineRecord, nextSeq } from './record.js';
import type { Segment } from './segment.js';

/** A place in the index; `index` may be that of a record still to come. */
export interface Place {
  readonly segment: Segment;
  readonly index: number;
}

/** What is searched; `at` is sound. */
export interface Searchable {
  readonly all: readonly Segment[];
  at(place: Place): LineRecord | null;
}

/** The first record that holds `seq` or a later one; null where there is none yet. */
export const placeOfSeq = (index: Searchable, seq: number): Place | null =>
  firstWhere(index, record => nextSeq(record) > seq);

/** The first record before which every line is older. */
export const placeOfTime = (index: Searchable, ts: number): Place | null =>
  firstWhere(index, record => record.top >= ts);

/** `fits` holds for all records from some one on. */
function firstWhere(index: Searchable, fits: (record: LineRecord) => boolean): Place | null {
  const segments = index.all.filter(segment => segment.count > 0);
  const holds = (segment: Segment, at: number): boolean => {
    const record = index.at({ segment, index: at });
    return record !== null && fits(record);
  };
  const found = lowest(segments.length, at => {
    const segment = segments[at] as Segment;
    return holds(segment, segment.count - 1);
  });
  const segment = segments[found];
  return segment ? { segment, index: lowest(segment.count, at => holds(segment, at)) } : null;
}

/** The next place that has a record; null at the end. */
export function following({ all }: Searchable, { segment, index }: Place): Place | null {
  if (index + 1 < segment.count) return { segment, index: index + 1 };
  const next = all.slice(all.indexOf(segment) + 1).find(({ count }) => count > 0);
  return next ? { segment: next, index: 0 } : null;
}

export function preceding({ all }: Searchable, { segment, index }: Place): Place | null {
  if (index > 0) return { segment, index: index - 1 };
  const before = all.slice(0, Math.max(0, all.indexOf(segment))).findLast(({ count }) => count > 0);
  return before ? { segment: before, index: before.count - 1 } : null;
}

export function lastPlace({ all }: Searchable): Place | null {
  const segment = all.findLast(({ count }) => count > 0);
  return segment ? { segment, index: segment.count - 1 } : null;
}
