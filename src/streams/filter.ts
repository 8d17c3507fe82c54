/** What a follower asked of the lines that all followers share; a substring is looked for in place. Pure. */
import type { LogLines, LogQuery, LogRun } from '../core/log-lines.js';
import { CHUNK_BYTES } from './limits.js';

const NEWLINE = 0x0a;

/** A regular expression may take for ever, and is tried at the leaf alone. */
export const isLocal = ({ grep }: LogQuery): boolean => grep === undefined || grep.fixed;

interface Found {
  readonly run: LogRun;
  readonly bytes: Buffer;
}

/** The lines that fit, of what comes one after the other: a long line comes in pieces, and the text may be in two of them. */
export class Fitting {
  private readonly needle: Buffer | null;
  private readonly takesAll: boolean;
  /** Pieces of a line that is not known to fit yet. */
  private held: Found[] = [];
  /** The end of the piece before; null where no line has been begun. */
  private tail: Buffer | null = null;
  private fits = false;

  constructor(private readonly query: LogQuery) {
    const { stream, since, until, grep } = query;
    this.needle = grep === undefined ? null : Buffer.from(grep.pattern);
    this.takesAll = [stream, since, until, grep].every(it => it === undefined);
  }

  /** Of a line that was begun nothing has been handed on, and what comes of it anew must come from its first piece. */
  get holdsBack(): boolean {
    return this.tail !== null && !this.fits;
  }

  /** The rest of a line that was begun will not come. */
  reset(): void {
    this.held = [];
    this.tail = null;
    this.fits = false;
  }

  take(lines: LogLines): LogLines[] {
    if (this.takesAll) return [lines];
    const found: Found[] = [];
    let at = 0;
    for (const run of lines.runs) {
      const bytes = lines.bytes.subarray(at, at + run.bytes);
      at += run.bytes;
      if (!this.wants(run)) continue;
      const { needle } = this;
      if (needle === null) found.push({ run, bytes });
      else if (run.more || this.tail !== null || bytes.includes(needle))
        for (const line of linesOf(run, bytes)) found.push(...this.having(line, needle));
    }
    return joined(found);
  }

  private wants({ stream, ts }: LogRun): boolean {
    const { stream: one, since, until } = this.query;
    const inTime = (since === undefined || ts >= since) && (until === undefined || ts <= until);
    return inTime && (one === undefined || stream === one);
  }

  private having(line: Found, needle: Buffer): Found[] {
    const { bytes, run } = line;
    const beside = needle.length - 1;
    const tail = this.tail ?? Buffer.alloc(0);
    this.fits ||= bytes.includes(needle) || Buffer.concat([tail, bytes.subarray(0, beside)]).includes(needle);
    this.held.push(line);
    const found = this.fits ? this.held : [];
    if (this.fits || !run.more) this.held = [];
    if (!run.more) this.fits = false;
    const end = Buffer.concat([tail, bytes.subarray(-beside)]);
    this.tail = run.more ? end.subarray(Math.max(0, end.length - beside)) : null;
    return found;
  }
}

/** Line by line, the last one maybe a piece. */
function* linesOf(run: LogRun, bytes: Buffer): Generator<Found> {
  const { more: _more, unended: _unended, ...plain } = run;
  let at = 0;
  for (let nth = 0; nth < run.lines; nth++) {
    const isLast = nth === run.lines - 1;
    const end = isLast ? bytes.length : bytes.indexOf(NEWLINE, at) + 1;
    const line = bytes.subarray(at, end);
    yield {
      run: { ...(isLast ? run : plain), seq: run.seq + nth, lines: 1, bytes: line.length },
      bytes: line,
    };
    at = end;
  }
}

/** As few items as there may be. */
function joined(found: readonly Found[]): LogLines[] {
  const items: LogLines[] = [];
  let part: Found[] = [];
  let size = 0;
  const finish = (): void => {
    if (part.length === 0) return;
    const [runs, bytes] = [part.map(({ run }) => run), Buffer.concat(part.map(one => one.bytes))];
    items.push({ kind: 'lines', runs, bytes });
    part = [];
    size = 0;
  };
  for (const one of found) {
    if (size + one.bytes.length > CHUNK_BYTES) finish();
    part.push(one);
    size += one.bytes.length;
  }
  finish();
  return items;
}
