/** Indexes what the target writes, as it writes it. */
import { LOG_STREAMS, type LogStream } from '../core/log-lines.js';
import { Cursor } from './cursor.js';
import type { DataFiles } from './data-files.js';
import type { LogIndex } from './log-index.js';
import { PIECE_BYTES } from './scan.js';

/** Pieces that are taken before somebody else's turn. */
const TURN = 32;

export interface CapturePorts {
  readonly now: () => number;
  /** Something was indexed, or tried. */
  readonly indexed: () => void;
}

export class Capture {
  readonly cursors: Readonly<Record<LogStream, Cursor>>;

  constructor(
    private readonly index: LogIndex,
    files: Readonly<Record<LogStream, DataFiles>>,
    private readonly ports: CapturePorts,
  ) {
    const { stdout, stderr } = index.ends;
    this.cursors = { stdout: new Cursor(files.stdout, stdout), stderr: new Cursor(files.stderr, stderr) };
  }

  /** Takes what there is, up to a turn; the bytes that it took, and whether there may be more. */
  take(final: boolean): { lines: boolean; more: boolean } {
    const ts = this.ports.now();
    const before = this.index.seq;
    let left = TURN;
    let open: readonly LogStream[] = LOG_STREAMS;
    while (open.length > 0 && left > 0) {
      left -= 1;
      open = open.filter(stream => this.step(stream, ts, final));
    }
    const lines = this.index.seq > before;
    if (lines) this.ports.indexed();
    return { lines, more: open.length > 0 };
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

/** Most bytes of one turn. */
export const TURN_BYTES = TURN * PIECE_BYTES * LOG_STREAMS.length;
