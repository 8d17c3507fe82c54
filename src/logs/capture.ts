/** Indexes what the target writes, as it writes it. */
import { LOG_STREAMS, type LogStream } from '../core/log-lines.js';
import { Cursor } from './cursor.js';
import type { DataFiles } from './data-files.js';
import { TRUNCATED } from './glass.js';
import type { LogIndex } from './log-index.js';
import { type Backlog, overrun, type Passing } from './overrun.js';
import type { Look } from './pace.js';
import { LINE_BYTES } from './scan.js';

/** Reads before somebody else's turn. */
const TURN = 8;

export interface CapturePorts {
  /** Bytes that are kept. */
  readonly most: number;
  readonly now: () => number;
  /** Bytes that are reserved behind what was seen. */
  readonly held: (stream: LogStream, scanned: number) => number;
  /** The target has truncated its own file. */
  readonly truncated: (stream: LogStream) => void;
  /** All up to there was dropped, as if it had been indexed before. */
  readonly passed: () => void;
}

export class Capture {
  readonly cursors: Readonly<Record<LogStream, Cursor>>;
  private passing: Passing = null;
  /** Bytes of a line where what is kept is no more. */
  private readonly longest: number;
  private seen: Backlog = { stdout: 0, stderr: 0 };

  constructor(
    private readonly index: LogIndex,
    private readonly files: Readonly<Record<LogStream, DataFiles>>,
    private readonly ports: CapturePorts,
  ) {
    this.longest = Math.min(LINE_BYTES, ports.most);
    const { stdout, stderr } = index.ends;
    this.cursors = { stdout: new Cursor(files.stdout, stdout), stderr: new Cursor(files.stderr, stderr) };
  }

  /**
   * Takes what there is, up to a turn: whether there were lines, and whether there may be more. With `final` nobody writes
   * any more: then what is left without an end of line is a line as well.
   */
  take(final: boolean): Look {
    const ts = this.ports.now();
    const before = this.index.seq;
    if (this.passOver(ts)) return { lines: this.index.seq > before, bytes: 0, more: true };
    const from = this.at;
    let left = TURN;
    let open: readonly LogStream[] = LOG_STREAMS;
    while (open.length > 0 && left > 0) {
      left -= 1;
      open = open.filter(stream => this.step(stream, ts, final));
    }
    return { lines: this.index.seq > before, bytes: this.at - from, more: open.length > 0 };
  }

  private get at(): number {
    return this.cursors.stdout.at + this.cursors.stderr.at;
  }

  /** Bytes that were there at the last look and are not indexed. */
  get backlog(): number {
    const { cursors, seen } = this;
    return LOG_STREAMS.reduce((sum, stream) => sum + Math.max(0, seen[stream] - cursors[stream].at), 0);
  }

  /** Where a target outruns us; false where there is no need, or where it has to be seen first what there is. */
  private passOver(ts: number): boolean {
    const { stdout, stderr } = this.cursors;
    const backlog = { stdout: stdout.backlog, stderr: stderr.backlog };
    this.seen = { stdout: stdout.at + backlog.stdout, stderr: stderr.at + backlog.stderr };
    const { passing, over } = overrun(backlog, this.ports.most, this.passing);
    this.passing = passing;
    if (over === null) return false;
    const passed = this.cursors[over.stream].passOver(over.bytes, over.counted, this.longest);
    if (passed === null) return false;
    if (passed.lines === 0) return true;
    this.index.passOver(over.stream, passed, ts, over.counted);
    this.ports.passed();
    return true;
  }

  private step(stream: LogStream, ts: number, final: boolean): boolean {
    const cursor = this.cursors[stream];
    const pieces = cursor.next(final, this.ports.held(stream, cursor.scanned));
    if (pieces === null) return false;
    if (pieces === TRUNCATED) return this.beginAnew(stream);
    for (const piece of pieces) this.index.add(stream, piece, ts);
    return true;
  }

  /** What it has written since then goes on behind all that was seen; what was in the file is gone. */
  private beginAnew(stream: LogStream): boolean {
    const cursor = this.cursors[stream];
    const at = Math.max(cursor.scanned, this.index.ends[stream]);
    this.files[stream].restart(at, this.index.seq);
    cursor.goTo(at);
    this.ports.truncated(stream);
    return true;
  }

  close(): void {
    for (const stream of LOG_STREAMS) this.cursors[stream].close();
  }
}
