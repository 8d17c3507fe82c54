/** Writes the index of a store: at once, or after a burst of starts where it can wait. */
import { isCalm } from '../process/starters.js';
import { makeDir } from './data-files.js';
import type { LogIndex } from './log-index.js';

/** Milliseconds that a node's own lines may have to wait for their index amid many starts. */
const LATE_MS = 1000;

export class Flusher {
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly dir: string,
    private readonly index: LogIndex,
  ) {}

  /** `canWait`: lines of a node itself. From the data alone they get the same numbers, and only their times are lost. */
  soon(canWait: boolean): void {
    if (!canWait || isCalm()) return this.now();
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.now();
    }, LATE_MS).unref();
  }

  /** Where there is no room it is in memory, and tried again with the next lines. */
  now(): void {
    try {
      this.index.flush();
    } catch {
      this.anew();
    }
  }

  end(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.index.unwritten > 0) this.now();
  }

  /** The directory may have been removed. */
  private anew(): void {
    try {
      makeDir(this.dir);
      makeDir(this.index.dir);
      this.index.flush();
    } catch {
      // The data is there: after a restart it is indexed again.
    }
  }
}
