/** One file of the index: records of lines with seqs in a row. Its name says where it begins in the seqs and in both streams. */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { decode, type Ends, encode, type LineRecord, RECORD_BYTES } from './record.js';

export interface SegmentStart {
  /** Seq of its first line. */
  readonly first: number;
  readonly ends: Ends;
}

const NAME = /^(\d{1,16})\.(\d{1,16})\.(\d{1,16})$/;
/** Records read at a time. */
const BLOCK = 64;

export class Segment {
  readonly first: number;
  readonly ends: Ends;
  readonly path: string;
  /** Nothing of it may be read any more. */
  dropped = false;
  /** On disk. */
  private written: number;
  private unwritten: LineRecord[] = [];
  private block: { from: number; bytes: Buffer } | null = null;

  constructor(dir: string, { first, ends }: SegmentStart, written = 0) {
    this.first = first;
    this.ends = ends;
    this.path = join(dir, `${first}.${ends.stdout}.${ends.stderr}`);
    this.written = written;
  }

  /** Null for what is no name of one. */
  static named(dir: string, name: string): Segment | null {
    const found = NAME.exec(name);
    if (!found) return null;
    const [first = 0, stdout = 0, stderr = 0] = found.slice(1).map(Number);
    const size = statSync(join(dir, name), { throwIfNoEntry: false })?.size ?? 0;
    return new Segment(dir, { first, ends: { stdout, stderr } }, Math.floor(size / RECORD_BYTES));
  }

  get count(): number {
    return this.written + this.unwritten.length;
  }
  get bytes(): number {
    return this.count * RECORD_BYTES;
  }
  get waiting(): number {
    return this.unwritten.length;
  }

  add(record: LineRecord): void {
    this.unwritten.push(record);
  }

  /** Null where it is spoilt. */
  at(index: number): LineRecord | null {
    if (index >= this.written) return this.unwritten[index - this.written] ?? null;
    const { block } = this;
    const has = block && index >= block.from && (index - block.from + 1) * RECORD_BYTES <= block.bytes.length;
    const { from, bytes } = has ? block : this.load(index);
    return decode(bytes, (index - from) * RECORD_BYTES);
  }

  private load(index: number): { from: number; bytes: Buffer } {
    const from = index - (index % BLOCK);
    const bytes = Buffer.alloc(Math.min(BLOCK, this.written - from) * RECORD_BYTES);
    this.block = { from, bytes: bytes.subarray(0, readAt(this.path, bytes, from * RECORD_BYTES)) };
    return this.block;
  }

  /** To be called when nobody reads in it for now. */
  forget(): void {
    this.block = null;
  }

  /** Drops records from its end. */
  truncate(count: number): void {
    this.unwritten = [];
    this.written = Math.min(count, this.written);
    this.block = null;
  }

  /** Other records in the place of its own, to be written. */
  replace(records: readonly LineRecord[]): void {
    this.truncate(0);
    this.unwritten = [...records];
  }

  /** Writes what is not on disk yet. Throws the error of the file system; then it can be tried again. */
  flush(): void {
    if (this.unwritten.length === 0) return;
    const bytes = Buffer.allocUnsafe(this.unwritten.length * RECORD_BYTES);
    this.unwritten.forEach((record, index) => {
      encode(record, bytes, index * RECORD_BYTES);
    });
    const fd = openSync(this.path, 'a', 0o640);
    try {
      // What an earlier one has left of a record would shift all that follow.
      const size = this.written * RECORD_BYTES;
      if (fstatSync(fd).size !== size) ftruncateSync(fd, size);
      const whole = Math.floor(writeSync(fd, bytes) / RECORD_BYTES);
      this.written += whole;
      this.unwritten.splice(0, whole);
    } finally {
      closeSync(fd);
    }
  }

  /** So that its name is known; where there is no room, it will be with its first record. */
  touch(): void {
    try {
      closeSync(openSync(this.path, 'a', 0o640));
    } catch {
      // see above
    }
  }

  remove(): void {
    this.dropped = true;
    try {
      unlinkSync(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Bytes that there were; none where somebody has removed the file: what was in it is made again. */
function readAt(path: string, into: Buffer, position: number): number {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return 0;
  }
  try {
    return readSync(fd, into, 0, into.length, position);
  } finally {
    closeSync(fd);
  }
}
