/** Reads on in one stream's files as they grow. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { countLines } from './count.js';
import type { DataFiles } from './data-files.js';
import { Glass, type Open, READ_BYTES, TRUNCATED } from './glass.js';
import { PIECE_BYTES, type Piece, type Position, takePieces } from './scan.js';

/** Bytes: of what is reserved a file system may hold that much less. */
const SLACK = 4096;
/** Bytes that are passed over before somebody else's turn. */
export const PASS_BYTES = 4 * 1024 * 1024;
const NEWLINE = 10;
/** Lines that were not taken, up to an end of line, or amid one that is too long. */
export interface Passed {
  readonly to: number;
  readonly lines: number;
}

export class Cursor {
  private position: Position;
  private open: Open | null = null;
  private readonly glass = new Glass();
  /** Up to here there was something at the last look at how long the file is. */
  private end = 0;

  constructor(
    private readonly files: DataFiles,
    at: number,
  ) {
    this.position = { at, scanned: at };
  }

  /** Up to here every line is taken. */
  get at(): number {
    return this.position.at;
  }

  /** Up to here everything is seen. */
  get scanned(): number {
    return this.position.scanned;
  }

  /** Bytes that are there and not taken. */
  get backlog(): number {
    const { last } = this.files;
    if (last === null) return 0;
    const size = this.open?.file === last ? fstatSync(this.open.fd).size : undefined;
    return Math.max(0, this.files.endOf(last, size) - this.at);
  }

  /** What it reads, for those who care for the room it takes; null where there is nothing yet. */
  get current(): Open | null {
    return this.open;
  }

  /**
   * The pieces of whole lines that one read has found, maybe none; null where there is nothing to read. With `final`
   * nobody writes any more: then what is left without an end of line is a line as well. `held`: how many bytes are reserved
   * behind what was seen.
   */
  next(final: boolean, held = 0): Piece[] | typeof TRUNCATED | null {
    const file = this.reach();
    if (file === null) return null;
    const { at, scanned } = this.position;
    if (this.end > scanned) return this.read(file, Math.min(READ_BYTES, this.end - scanned));
    const { size, blocks } = fstatSync(file.fd);
    const end = this.files.endOf(file.file, size);
    this.end = end;
    const after = this.files.after(file.file);
    // One that is short from the beginning, with nobody writing to it, a crash of the machine has left.
    const isShort = end < scanned && !(final && !this.glass.knows);
    if (after === null && (isShort || blocks * 512 < held - SLACK)) return TRUNCATED;
    if (end > scanned) return this.read(file, Math.min(READ_BYTES, end - scanned));
    if (after === null && !final) return null;
    const rest: Piece[] = at < end ? [{ offset: at, bytes: end - at, lines: 1, unended: true }] : [];
    if (after) this.goTo(after.start);
    else this.position = { at: Math.max(at, end), scanned: Math.max(scanned, end) };
    return after || rest.length > 0 ? rest : null;
  }

  private read(open: Open, most: number): Piece[] | typeof TRUNCATED {
    const chunk = this.glass.read(open, this.position.scanned, most);
    if (chunk === TRUNCATED) return chunk;
    if (chunk.length === 0) this.end = 0;
    const pieces: Piece[] = [];
    for (let from = 0; from < chunk.length; from += PIECE_BYTES) {
      const found = takePieces(chunk.subarray(from, from + PIECE_BYTES), this.position);
      this.position = found.position;
      pieces.push(...found.pieces);
    }
    return pieces;
  }

  /**
   * Passes over so many bytes, up to an end of line and no further than this file: what it has come to in one turn, maybe
   * nothing; null where it is for `next` to see what there is. Where they are not counted, it is one line a byte. A line of
   * `longest` bytes is cut.
   */
  passOver(bytes: number, counted: boolean, longest: number): Passed | null {
    const open = this.reach();
    if (open === null) return null;
    const { at, scanned } = this.position;
    const end = this.files.endOf(open.file, fstatSync(open.fd).size);
    const to = Math.min(at + bytes, end);
    if (end <= scanned || to <= at) return null;
    return counted ? this.count(open, to, end, longest) : this.jump(open, to, end);
  }

  private count(open: Open, to: number, end: number, longest: number): Passed | null {
    const { at, scanned } = this.position;
    let [lines, last, seen] = [0, at, scanned];
    const stop = Math.min(end, scanned + PASS_BYTES);
    // To where it should go, and on to the end of that line.
    while (seen < stop && (seen < to || lines === 0)) {
      const chunk = this.glass.read(open, seen, Math.min(READ_BYTES, stop - seen));
      if (chunk === TRUNCATED || chunk.length === 0) break;
      lines += countLines(chunk);
      const newline = chunk.lastIndexOf(NEWLINE);
      if (newline !== -1) last = seen + newline + 1;
      seen += chunk.length;
      this.position = { at: last, scanned: seen };
    }
    if (seen === scanned) return null;
    if (lines > 0 || seen - at < longest) return { to: last, lines };
    this.position = { at: seen, scanned: seen };
    return { to: seen, lines: 1 };
  }

  private jump(open: Open, to: number, end: number): Passed | null {
    const { at, scanned } = this.position;
    if (this.glass.read(open, scanned, 0) === TRUNCATED) return null;
    const from = Math.max(scanned, to);
    this.goTo(from);
    const chunk = this.glass.read(open, from, Math.min(READ_BYTES, end - from));
    const stop = from + (chunk === TRUNCATED ? 0 : chunk.indexOf(NEWLINE) + 1);
    this.goTo(stop);
    return { to: stop, lines: stop - at };
  }

  goTo(at: number): void {
    this.position = { at, scanned: at };
    this.glass.forget();
    this.end = 0;
  }

  close(): void {
    if (this.open) closeSync(this.open.fd);
    this.open = null;
  }

  private reach(): Open | null {
    // By its last line: one that was begun in a file ends there, if need be without a newline.
    const file = this.files.holding(this.position.at);
    if (file === null) {
      const [first] = this.files.all;
      if (first === undefined) return null;
      this.goTo(first.start);
      return this.reach();
    }
    if (this.open?.file === file) return this.open;
    this.close();
    this.glass.forget();
    this.end = 0;
    try {
      this.open = { file, fd: openSync(file.path, 'r') };
    } catch {
      // Somebody has removed it: what comes in the next one is read.
      const after = this.files.after(file);
      if (after === null) return null;
      this.goTo(after.start);
      return this.reach();
    }
    return this.open;
  }
}
