/** Lines cut and joined so that each message has a bounded size. Pure. */
import type { LogLines, LogRun } from '../core/log-lines.js';
import { CHUNK_BYTES, CHUNK_RUNS } from './limits.js';

const NEWLINE = 0x0a;

/** The same lines in pieces of at most so many bytes and runs; a line that is longer becomes pieces of itself. */
export function pieces(lines: LogLines, most = CHUNK_BYTES, mostRuns = CHUNK_RUNS): LogLines[] {
  const { bytes } = lines;
  if (bytes.length <= most && lines.runs.length <= mostRuns) return [lines];
  const found: LogLines[] = [];
  let runs: LogRun[] = [];
  let [from, at] = [0, 0];
  const finish = (): void => {
    if (runs.length > 0) found.push({ kind: 'lines', runs, bytes: bytes.subarray(from, at) });
    runs = [];
    from = at;
  };
  for (const whole of lines.runs) {
    for (const run of shorter(whole, bytes.subarray(at, at + whole.bytes), most)) {
      if (at - from + run.bytes > most || runs.length >= mostRuns) finish();
      runs.push(run);
      at += run.bytes;
    }
  }
  finish();
  return found;
}

/** A run as runs of at most so many bytes: at ends of lines where there are any. */
function shorter(run: LogRun, bytes: Buffer, most: number): LogRun[] {
  const found: LogRun[] = [];
  const { more: _more, unended: _unended, ...plain } = run;
  let { seq, lines } = run;
  let at = 0;
  while (bytes.length - at > most) {
    const end = bytes.subarray(at, at + most).lastIndexOf(NEWLINE) + 1;
    const count = end > 0 ? newlines(bytes.subarray(at, at + end)) : 0;
    if (count > 0) found.push({ ...plain, seq, lines: count, bytes: end });
    else found.push({ ...plain, seq, lines: 1, bytes: most, more: true });
    seq += count;
    lines -= count;
    at += count > 0 ? end : most;
  }
  found.push(at === 0 ? run : { ...run, seq, lines, bytes: bytes.length - at });
  return found;
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/** Lines that wait to leave as one message. */
export class Parcel {
  private parts: LogLines[] = [];
  private runs = 0;
  bytes = 0;

  get isEmpty(): boolean {
    return this.parts.length === 0;
  }
  get isFull(): boolean {
    return this.bytes >= CHUNK_BYTES || this.runs >= CHUNK_RUNS;
  }
  fits(lines: LogLines): boolean {
    return (
      this.isEmpty ||
      (this.bytes + lines.bytes.length <= CHUNK_BYTES && this.runs + lines.runs.length <= CHUNK_RUNS)
    );
  }
  add(lines: LogLines): void {
    this.parts.push(lines);
    this.bytes += lines.bytes.length;
    this.runs += lines.runs.length;
  }
  /** All of it: bytes in all, and the buffers that they are in. */
  take(): { runs: LogRun[]; bytes: number; parts: Buffer[] } {
    const { parts, bytes } = this;
    this.parts = [];
    this.bytes = 0;
    this.runs = 0;
    return { runs: parts.flatMap(part => part.runs), bytes, parts: parts.map(part => part.bytes) };
  }
}
