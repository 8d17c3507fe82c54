/** From records and what stands in the data files to what is handed on. */
import type { LogItem, LogRun } from '../core/log-lines.js';
import type { LineRecord } from './record.js';
import { PIECE_BYTES } from './scan.js';

const END = Buffer.from('\n');

/** Some lines of a record: all, or those from the middle that were asked for. */
export interface Part {
  readonly record: LineRecord;
  readonly seq: number;
  readonly lines: number;
  /** As they stand in the file. */
  readonly bytes: Buffer;
}

/** Without the lines before `seq`. */
export function partFrom(record: LineRecord, bytes: Buffer, seq: number): Part {
  let at = 0;
  for (let skipped = record.seq; skipped < seq; skipped++) at = bytes.indexOf(10, at) + 1;
  const first = Math.max(seq, record.seq);
  return { record, seq: first, lines: record.lines - (first - record.seq), bytes: bytes.subarray(at) };
}

/** Collects parts until they are worth a chunk. */
export class Chunk {
  private runs: LogRun[] = [];
  private pieces: Buffer[] = [];
  private bytes = 0;

  /** Those items that are full by now. A line longer than a chunk is handed on in pieces. */
  *add({ record, seq, lines, bytes }: Part): Generator<LogItem> {
    const { ts, stream, unended } = record;
    const all = bytes.length + (unended ? 1 : 0);
    if (this.bytes > 0 && this.bytes + all > PIECE_BYTES) yield* this.take();
    let at = 0;
    for (; all - at > PIECE_BYTES; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      this.push({ seq, lines, ts, stream, bytes: piece.length, more: true }, piece);
      yield* this.take();
    }
    const rest = bytes.subarray(at);
    this.push({ seq, lines, ts, stream, bytes: all - at, ...(unended && { unended }) }, rest);
    if (unended) this.pieces.push(END);
  }

  *take(): Generator<LogItem> {
    if (this.runs.length === 0) return;
    const [only] = this.pieces;
    const bytes = this.pieces.length === 1 && only ? only : Buffer.concat(this.pieces);
    const { runs } = this;
    this.runs = [];
    this.pieces = [];
    this.bytes = 0;
    yield { kind: 'lines', runs, bytes };
  }

  private push(run: LogRun, bytes: Buffer): void {
    this.runs.push(run);
    this.pieces.push(bytes);
    this.bytes += run.bytes;
  }
}
