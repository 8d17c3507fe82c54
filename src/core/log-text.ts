/** Lines of a log as text, for those who print them: nowhere else are bytes taken for characters. */
import type { LogGap, LogLines, LogRun, LogStream } from './log-lines.js';

export interface LogLine {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly ts: number;
  readonly stream: LogStream;
  /** Without its end of line; what is not UTF-8 in it has become U+FFFD. */
  readonly line: string;
}

const NEWLINE = 10;

/** Of one reading from its start on: it keeps the pieces of a long line until its last one. */
export class LogText {
  private held: { run: LogRun; pieces: Buffer[] } | null = null;

  lines({ runs, bytes }: LogLines): LogLine[] {
    let at = 0;
    return runs.flatMap(run => {
      const part = bytes.subarray(at, at + run.bytes);
      at += run.bytes;
      const before = this.held && this.held.run.seq !== run.seq ? this.rest() : [];
      const pieces = this.held?.pieces ?? [];
      this.held = null;
      if (!run.more) return [...before, ...split(run, [...pieces, part])];
      pieces.push(withoutEnd(part));
      this.held = { run, pieces };
      return before;
    });
  }

  /** What is left of a line whose rest will not come; nothing where the gap has it. */
  gap({ from, to }: LogGap): LogLine[] {
    const { seq } = this.held?.run ?? { seq: -1 };
    if (seq >= from && seq <= to) this.held = null;
    return this.rest();
  }

  private rest(): LogLine[] {
    const { held } = this;
    this.held = null;
    return held ? split(held.run, held.pieces) : [];
  }
}

// A character may be split over two pieces, but never over two lines: the bytes of a newline are in no other one.
function split({ seq, ts, stream }: LogRun, pieces: readonly Buffer[]): LogLine[] {
  const whole = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  const texts = withoutEnd(whole).toString('utf8').split('\n');
  return texts.map((line, index) => ({ seq: seq + index, ts, stream, line }));
}

const withoutEnd = (bytes: Buffer): Buffer =>
  bytes.at(-1) === NEWLINE ? bytes.subarray(0, bytes.length - 1) : bytes;

/** The seq of the last line that is whole after these runs; null where they hold none. */
export function lastWhole(runs: readonly LogRun[]): number | null {
  const run = runs.findLast(({ more }) => !more);
  return run ? run.seq + run.lines - 1 : null;
}
