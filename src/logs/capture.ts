/** Indexes what the target writes, as it writes it. */
import { LOG_STREAMS, type LogStream } from '../core/log-lines.js';
import { Cursor } from './cursor.js';
import type { DataFiles } from './data-files.js';
import type { LogIndex } from './log-index.js';

/** Pieces that are taken before somebody else's turn. */
const TURN = 32;

export class Capture {
  readonly cursors: Readonly<Record<LogStream, Cursor>>;

  constructor(
    private readonly index: LogIndex,
    files: Readonly<Record<LogStream, DataFiles>>,
    private readonly now: () => number,
  ) {
    const { stdout, stderr } = index.ends;
    this.cursors = { stdout: new Cursor(files.stdout, stdout), stderr: new Cursor(files.stderr, stderr) };
  }

  /**
   * Takes what there is, up to a turn: whether there were lines, and whether there may be more. With `final` nobody writes
   * any more: then what is left without an end of line is a line as well.
   */
  take(final: boolean): { lines: boolean; more: boolean } {
    const ts = this.now();
    const before = this.index.seq;
    let left = TURN;
    let open: readonly LogStream[] = LOG_STREAMS;
    while (open.length > 0 && left > 0) {
      left -= 1;
      open = open.filter(stream => this.step(stream, ts, final));
    }
    return { lines: this.index.seq > before, more: open.length > 0 };
  }

  private step(stream: LogStream, ts: number, final: boolean): boolean {
    const pieces = this.cursors[stream].next(final);
    if (pieces === null) return false;
    for (const piece of pieces) this.index.add(stream, piece, ts);
    return true;
  }

  close(): void {
    for (const stream of LOG_STREAMS) this.cursors[stream].close();
  }
}
