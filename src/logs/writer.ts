/** Writes to a stream's files in the place of a target: what came through a FIFO, or what the node itself has to say. */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { LogStream } from '../core/log-lines.js';
import type { DataFile, DataFiles } from './data-files.js';
import type { LogIndex } from './log-index.js';
import { LINE_BYTES } from './scan.js';

interface Open {
  readonly fd: number;
  readonly file: DataFile;
  size: number;
}

const NEWLINE = 10;

export class Writer {
  private open: Open | null = null;
  /** No line has been begun in it. */
  private atLineEnd = false;

  constructor(
    private readonly files: DataFiles,
    private readonly index: LogIndex,
    private readonly stream: LogStream,
    /** A file is that long at most, but for its last line: it can only be dropped as a whole. */
    private readonly longest: number,
  ) {}

  /** For one more run, whose first line does not go on the last one of the run before. */
  begin(): void {
    this.close();
    const { longest, index } = this;
    this.enter(this.files.prepare({ longest, indexed: index.ends[this.stream], seq: index.seq }));
    this.atLineEnd = true;
  }

  /** Into what goes to one file each: a file ends with a line, or where that is too long for one. */
  cut(bytes: Buffer): readonly Buffer[] {
    const isFull = this.open !== null && this.open.size >= this.longest && !this.atLineEnd;
    const end = isFull ? bytes.indexOf(NEWLINE) + 1 : 0;
    return end > 0 && end < bytes.length ? [bytes.subarray(0, end), bytes.subarray(end)] : [bytes];
  }

  /** All of it, or nothing and false: then there is no room. */
  write(bytes: Buffer): boolean {
    try {
      const open = this.reach();
      let done = 0;
      try {
        while (done < bytes.length) done += writeSync(open.fd, bytes, done);
      } catch (error) {
        ftruncateSync(open.fd, open.size);
        throw error;
      }
      open.size += done;
      this.atLineEnd = bytes.at(-1) === NEWLINE;
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    if (this.open) closeSync(this.open.fd);
    this.open = null;
  }

  private reach(): Open {
    const { open, index, files } = this;
    const isFull = open !== null && open.size >= this.longest;
    if (open && !(isFull && (this.atLineEnd || open.size >= this.longest + LINE_BYTES))) return open;
    this.close();
    if (open) return this.enter(files.add(open.file.start + open.size, index.seq));
    // Where an earlier leaf has left off, maybe amid a line; but not in a file of which a crash of the machine has taken some.
    const { last } = files;
    const end = index.ends[this.stream];
    return this.enter(last && files.endOf(last) >= end ? last : files.add(end, index.seq));
  }

  private enter(file: DataFile): Open {
    const fd = openSync(file.path, 'a', 0o640);
    this.open = { fd, file, size: fstatSync(fd).size };
    return this.open;
  }
}
