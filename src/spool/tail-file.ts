/** The file that messages are appended to: whole ones, or nothing. */
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { HEADER } from './record.js';

export class TailFile {
  private readonly fd: number;
  bytes = 0;

  /** @throws the error of the file system; there is no such file then */
  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.fd = openSync(file, 'ax');
    try {
      this.append(HEADER);
    } catch (error) {
      this.close();
      // Or the next attempt would find it in its way, for ever.
      rmSync(file, { force: true });
      throw error;
    }
  }

  /** @throws the error of the file system; nothing of it is kept then */
  append(bytes: Buffer): void {
    try {
      if (writeSync(this.fd, bytes) < bytes.length) throw full(this.file);
    } catch (error) {
      this.undo();
      throw error;
    }
    this.bytes += bytes.length;
  }

  close(): void {
    closeSync(this.fd);
  }

  /** What was written in part. */
  private undo(): void {
    try {
      ftruncateSync(this.fd, this.bytes);
    } catch {
      // What is behind it is never read, and known for damaged at the next start.
    }
  }
}

const full = (file: string): Error =>
  Object.assign(new Error(`ENOSPC: no room for a whole message, ${file}`), { code: 'ENOSPC' });
