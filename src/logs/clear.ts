/** Gives back what lies below the first line that is still indexed. */
import { unlinkSync } from 'node:fs';
import { LOG_STREAMS, type LogStream } from '../core/log-lines.js';
import { punch } from '../process/fallocate.js';
import type { DataFile, DataFiles } from './data-files.js';
import type { LogIndex } from './log-index.js';

/** Bytes: holes are made of whole blocks. */
const BLOCK = 4096;

export class Clearing {
  private done: Promise<void> = Promise.resolve();
  private again = false;
  private readonly nexts: (() => void)[] = [];
  /** Bytes from the beginning of a file that are punched. */
  private readonly punched = new WeakMap<DataFile, number>();

  constructor(
    private readonly index: LogIndex,
    private readonly files: Readonly<Record<LogStream, DataFiles>>,
    private readonly punches: boolean,
  ) {}

  /**
   * Resolves when all that may go now is gone. Never rejects. `next` is called when it is under way: what is asked of the
   * file system then comes right behind it.
   */
  run(next?: () => void): Promise<void> {
    // One at a time; who asks meanwhile gets one more for all.
    this.unlinkAll();
    if (next) this.nexts.push(next);
    if (!this.punches) this.callNexts();
    if (!this.again && this.punches) {
      this.again = true;
      this.done = this.done.then(() => this.punchAll());
    }
    return this.done;
  }

  private unlinkAll(): void {
    const { floor } = this.index;
    for (const stream of LOG_STREAMS) {
      const files = this.files[stream];
      for (
        let [file, next] = files.all;
        file && next && next.start <= floor[stream];
        [file, next] = files.all
      )
        if (!this.unlink(files, file)) break;
    }
  }

  private async punchAll(): Promise<void> {
    this.again = false;
    const { floor } = this.index;
    const punched = LOG_STREAMS.map(async stream => {
      const [file] = this.files[stream].all;
      if (file && file.start < floor[stream]) await this.punch(file, floor[stream] - file.start);
    });
    this.callNexts();
    await Promise.all(punched);
  }

  private callNexts(): void {
    for (const next of this.nexts.splice(0)) next();
  }

  private unlink(files: DataFiles, file: DataFile): boolean {
    try {
      unlinkSync(file.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false; // the next time, then
    }
    files.remove(file);
    return true;
  }

  private async punch(file: DataFile, bytes: number): Promise<void> {
    const from = this.punched.get(file) ?? 0;
    const to = bytes - (bytes % BLOCK);
    if (to > from && (await punch(file.path, from, to - from))) this.punched.set(file, to);
  }
}
