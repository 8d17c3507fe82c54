/** Reads on in a file, and sees when it is not the same any more. */
import { readSync } from 'node:fs';
import type { DataFile } from './data-files.js';
import { PIECE_BYTES } from './scan.js';

export interface Open {
  readonly fd: number;
  readonly file: DataFile;
}

/** Bytes that are read at a time. */
export const READ_BYTES = 4 * PIECE_BYTES;
/** Bytes before what is new that are read again: other ones mean that the file was truncated and has grown again. */
const KNOWN = 32;
/** One for all: nothing of it is kept. */
const buffer = Buffer.allocUnsafeSlow(KNOWN + READ_BYTES);
/** The target has truncated its file, as `> /dev/stdout` does. */
export const TRUNCATED = Symbol('truncated');

export class Glass {
  /** The last bytes that were seen of this file. */
  private readonly tail = Buffer.alloc(KNOWN);
  private known = 0;

  get knows(): boolean {
    return this.known > 0;
  }

  /** What is read next stands elsewhere. */
  forget(): void {
    this.known = 0;
  }

  /** What stands at `offset` of the stream, behind all that was seen; it is there until the next one is read. */
  read({ fd, file }: Open, offset: number, most: number): Buffer | typeof TRUNCATED {
    const { known, tail } = this;
    const read = buffer.subarray(0, readSync(fd, buffer, 0, known + most, offset - file.start - known));
    if (read.compare(tail, 0, known, 0, Math.min(known, read.length)) !== 0 && !isOurs(read, tail, known))
      return TRUNCATED;
    this.known = Math.min(KNOWN, read.length);
    read.copy(tail, 0, read.length - this.known);
    return read.subarray(known);
  }
}

/** Zeros: a hole that we have punched ourselves. */
const isOurs = (read: Buffer, tail: Buffer, known: number): boolean =>
  tail.subarray(0, known).every((byte, at) => read[at] === 0 || read[at] === byte);
