/** Writes to a stream's files in the place of a target: what came through a FIFO, or what the node itself has to say. */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { LogStream } from '../core/log-lines.js';
import type { DataFile, DataFiles } from './data-files.js';
import type { LogIndex } from './log-index.js';

export class Writer {
  private open: { readonly fd: number; readonly file: DataFile; size: number } | null = null;

  constructor(
    private readonly files: DataFiles,
    private readonly index: LogIndex,
    private readonly stream: LogStream,
    /** A file is that long at most: it can only be dropped as a whole. */
    private readonly longest: number,
  ) {}

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
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    if (this.open) closeSync(this.open.fd);
    this.open = null;
  }

  private reach(): { readonly fd: number; size: number } {
    const { open } = this;
    if (open && open.size < this.longest) return open;
    this.close();
    const { ends, seq } = this.index;
    const last = this.files.last;
    const file =
      open && last
        ? this.files.add(last.start + open.size, seq)
        : this.files.prepare({ longest: this.longest, indexed: ends[this.stream], seq });
    const fd = openSync(file.path, 'a', 0o640);
    this.open = { fd, file, size: fstatSync(fd).size };
    return this.open;
  }
}
