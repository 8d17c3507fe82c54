/** The words in which logs are asked for and handed on, at every hop alike: at the leaf, at each relay, at REST. */

export const LOG_STREAMS = ['stdout', 'stderr'] as const;
export type LogStream = (typeof LOG_STREAMS)[number];

export interface Grep {
  readonly pattern: string;
  /** Letter by letter instead of as a regular expression. */
  readonly fixed: boolean;
}

/** What is asked of a log; nothing given: every line that is still stored, oldest first. */
export interface LogQuery {
  /** The last so many of the lines that the rest of the query lets pass; 0: none of those there are. */
  readonly tail?: number;
  /** Only lines of a higher seq. Resuming is this. */
  readonly after?: number;
  /** Milliseconds since the epoch, both inclusive. */
  readonly since?: number;
  readonly until?: number;
  readonly stream?: LogStream;
  readonly grep?: Grep;
  /** Goes on with what is written from then on, without hole or repeat, until it is cut. */
  readonly follow?: boolean;
}

/** Lines of one stream with seqs in a row, captured together. */
export interface LogRun {
  /** Of its first line. */
  readonly seq: number;
  readonly lines: number;
  /** When they were captured, milliseconds since the epoch. */
  readonly ts: number;
  readonly stream: LogStream;
  /** Of its lines, each with its end of line, one byte `\n`: where none stood as well (`unended`), but not behind a piece (`more`). */
  readonly bytes: number;
  /** It is one line's piece, and more of the same line (same seq) follows in the next run. */
  readonly more?: true;
  /** The target did not end its last line with a newline. */
  readonly unended?: true;
}

/** Whole lines, as raw as the target wrote them: nobody on the way takes them apart. At most about 64 KiB. */
export interface LogLines {
  readonly kind: 'lines';
  /** In the order of their seqs. */
  readonly runs: readonly LogRun[];
  /** Those of the first run, then of the second, … */
  readonly bytes: Buffer;
}

/** Lines that a reader who is owed them will never get. */
export interface LogGap {
  readonly kind: 'gap';
  /** First and last seq that is missing, both inclusive. */
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** All that was asked for has been handed on; never where it follows. */
export interface LogEnd {
  readonly kind: 'end';
  /** First and last seq that is stored now; null where nothing is. */
  readonly first: number | null;
  readonly last: number | null;
}

export type LogItem = LogLines | LogGap | LogEnd;

/**
 * Anything that has a log to read: the store of a leaf, a leaf many hops away. It reads no further than it is asked to, so
 * that whoever consumes slowly holds nobody up.
 *
 * Throws, before the first item or later, a CanopyError: `bad-cursor` (`after` lies in the future), `grep-failed` (a regular
 * expression that took too long), `grep-busy` (too many that take long wait already), `node-unreachable`, `not-found`. Ends without an error when `cut` is aborted.
 */
export interface LogSource {
  read(query: LogQuery, cut: AbortSignal): AsyncIterable<LogItem>;
}
