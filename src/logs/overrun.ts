/** What is to be passed over where a target writes faster than its leaf indexes. */
import { LOG_STREAMS, type LogStream } from '../core/log-lines.js';

/** Bytes by which what is not indexed may grow while lines are counted; beyond that they are not. */
export const UNCOUNTED = 64 * 1024 * 1024;

/** Bytes that are not indexed yet. */
export type Backlog = Readonly<Record<LogStream, number>>;

export interface Overrun {
  readonly stream: LogStream;
  readonly bytes: number;
  /** Its lines are counted, so that the numbers of those behind are exact. */
  readonly counted: boolean;
}

/** The least that was not indexed since lines are passed over; null while they are not. */
export type Passing = number | null;

/**
 * `most`: bytes that are kept. What is beyond would be dropped as soon as it was indexed. Half of it is left, so that lines
 * in a row are indexed again.
 */
export function overrun(
  backlog: Backlog,
  most: number,
  passing: Passing,
): { readonly passing: Passing; readonly over: Overrun | null } {
  const all = backlog.stdout + backlog.stderr;
  const leave = most / 2;
  if (all <= (passing === null ? most : leave)) return { passing: null, over: null };
  const lowest = Math.min(passing ?? all, all);
  const [stream = 'stdout'] = [...LOG_STREAMS].sort((a, b) => backlog[b] - backlog[a]);
  const bytes = Math.min(backlog[stream], Math.ceil(all - leave));
  return {
    passing: lowest,
    over: { stream, bytes, counted: all <= Math.max(most, lowest) + UNCOUNTED },
  };
}
