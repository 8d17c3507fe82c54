/** Where a reader stands: takes out of what comes whatever it has been handed already, whichever way that comes. */
import type { LogGap, LogLines, LogRun } from '../core/log-lines.js';

const NEWLINE = 0x0a;

export class Cursor {
  /** Bytes handed on of the line after `at` whose pieces are coming, and how many of them this reading has passed. */
  private handed = 0;
  private passed = 0;

  /** `at`: the last line that was handed on whole. */
  constructor(private at: number) {}

  get seq(): number {
    return this.at;
  }

  /** What is read begins anew behind `seq`, so that pieces of a line come again. */
  rewind(): void {
    this.passed = 0;
  }

  /** What was taken of the line after `seq` has gone nowhere. */
  forget(): void {
    this.handed = 0;
    this.passed = 0;
  }

  /** All up to this line has been looked at, wanted or not. */
  reach(seq: number): void {
    if (seq > this.at) this.moveTo(seq);
  }

  /** What is new of these lines; null where nothing is. */
  take({ runs, bytes }: LogLines): LogLines | null {
    const kept: LogRun[] = [];
    const parts: Buffer[] = [];
    let at = 0;
    for (const run of runs) {
      const news = this.takeRun(run, bytes.subarray(at, at + run.bytes));
      at += run.bytes;
      if (!news) continue;
      kept.push(news.run);
      parts.push(news.bytes);
    }
    if (kept.length === 0) return null;
    if (kept.length === runs.length && kept.every((run, nth) => run === runs[nth]))
      return { kind: 'lines', runs, bytes };
    return {
      kind: 'lines',
      runs: kept,
      bytes: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts),
    };
  }

  takeGap(gap: LogGap): LogGap | null {
    if (gap.to <= this.at) return null;
    const from = Math.max(gap.from, this.at + 1);
    this.moveTo(gap.to);
    return from === gap.from ? gap : { ...gap, from };
  }

  private takeRun(run: LogRun, bytes: Buffer): { run: LogRun; bytes: Buffer } | null {
    const last = run.seq + run.lines - 1;
    const old = Math.max(0, this.at + 1 - run.seq);
    if (old >= run.lines) return null;
    let from = 0;
    for (let nth = 0; nth < old; nth++) from = bytes.indexOf(NEWLINE, from) + 1;
    from += this.skip(run, old, bytes, from);
    const whole = run.more !== true;
    if (whole) this.moveTo(last);
    else {
      const piece = bytes.length - (run.lines === 1 ? 0 : bytes.lastIndexOf(NEWLINE) + 1);
      if (last - 1 > this.at) this.moveTo(last - 1);
      this.passed += piece;
      this.handed = Math.max(this.handed, this.passed);
    }
    if (from === bytes.length && !whole) return null;
    if (from === 0) return { run, bytes };
    const rest = bytes.subarray(from);
    return { run: { ...run, seq: run.seq + old, lines: run.lines - old, bytes: rest.length }, bytes: rest };
  }

  /** Bytes of the first new line that were handed on as pieces of it before a rewind. */
  private skip(run: LogRun, old: number, bytes: Buffer, from: number): number {
    if (run.seq + old !== this.at + 1 || this.handed <= this.passed) return 0;
    const end = run.lines - old > 1 ? bytes.indexOf(NEWLINE, from) + 1 : bytes.length;
    return Math.min(this.handed - this.passed, end - from);
  }

  private moveTo(seq: number): void {
    this.at = seq;
    this.handed = 0;
    this.passed = 0;
  }
}
