/** Reads on in one stream's files as they grow. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DataFile, DataFiles } from './data-files.js';
import { PIECE_BYTES, type Piece, type Position, takePieces } from './scan.js';

/** One for all: nothing of it is kept. */
const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);

export class Cursor {
  private position: Position;
  private open: { readonly fd: number; readonly file: DataFile } | null = null;

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

  /** What it reads, for those who care for the room it takes; null where there is nothing yet. */
  get current(): { readonly fd: number; readonly file: DataFile } | null {
    return this.open;
  }

  /**
   * The pieces of whole lines that one read has found, maybe none; null where there is nothing to read. With `final`
   * nobody writes any more: then what is left without an end of line is a line as well.
   */
  next(final: boolean): Piece[] | null {
    const file = this.reach();
    if (file === null) return null;
    const { fd } = file;
    const end = this.files.endOf(file.file, fstatSync(fd).size);
    const { at, scanned } = this.position;
    const length = Math.min(PIECE_BYTES, end - scanned);
    if (length > 0) {
      const read = readSync(fd, buffer, 0, length, scanned - file.file.start);
      const found = takePieces(buffer.subarray(0, read), this.position);
      this.position = found.position;
      return found.pieces;
    }
    const after = this.files.after(file.file);
    if (after === null && !final) return null;
    const rest: Piece[] = at < end ? [{ offset: at, bytes: end - at, lines: 1, unended: true }] : [];
    if (after) this.goTo(after.start);
    else this.position = { at: Math.max(at, end), scanned: Math.max(scanned, end) };
    return after || rest.length > 0 ? rest : null;
  }

  goTo(at: number): void {
    this.position = { at, scanned: at };
  }

  close(): void {
    if (this.open) closeSync(this.open.fd);
    this.open = null;
  }

  private reach(): { readonly fd: number; readonly file: DataFile } | null {
    // By its last line: one that was begun in a file ends there, if need be without a newline.
    const file = this.files.holding(this.position.at);
    if (file === null) {
      const [first] = this.files.all;
      if (first === undefined) return null;
      this.goTo(first.start);
      return this.reach();
    }
    if (this.open?.file !== file) {
      this.close();
      this.open = { file, fd: openSync(file.path, 'r') };
    }
    return this.open;
  }
}
