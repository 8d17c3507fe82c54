/** How much is kept: closes segments, and drops the oldest by bytes, by age, and where the disk is full. */
import type { Clearing } from './clear.js';
import type { LogIndex } from './log-index.js';
import type { StoreOptions } from './options.js';

/** Of the longest age, a segment spans that part at most. */
const SPANS = 8;
/** Records in memory that could not be written (about 10 MB). */
const MOST_UNWRITTEN = 50_000;

export class Keeping {
  /** Lines that went because the disk was full. */
  lost = 0;

  constructor(
    private readonly index: LogIndex,
    private readonly clearing: Clearing,
    private readonly options: StoreOptions,
  ) {
    index.longest = options.segmentBytes;
  }

  /**
   * After something was added. `tight`: the disk is full, so that less goes at a time. `backlog`: bytes that are there as
   * well and not indexed yet.
   */
  settle(tight: number | null, backlog = 0): void {
    const { index, options } = this;
    index.longest = Math.min(options.segmentBytes, tight ?? options.segmentBytes);
    const before = index.first;
    const isTooMuch = (): boolean => index.bytes + backlog > options.maxBytes;
    while (isTooMuch() && this.dropOne());
    if (isTooMuch() && backlog > 0) {
      index.rotate();
      this.dropOne();
    }
    while (index.unwritten > MOST_UNWRITTEN && this.dropOne());
    if (index.first > before) void this.clearing.run();
  }

  /** Milliseconds since the epoch. */
  age(now: number): void {
    const { index, options } = this;
    if (options.maxAgeMs === null) return;
    const { active } = index;
    const begun = active && active.count > 0 ? active.at(0)?.ts : undefined;
    if (begun !== undefined && now - begun > options.maxAgeMs / SPANS) index.rotate();
    const before = index.first;
    for (;;) {
      const [oldest] = index.all;
      const last = oldest && oldest.count > 0 ? oldest.at(oldest.count - 1) : null;
      if (!last || now - last.ts <= options.maxAgeMs || !this.dropOne()) break;
    }
    if (index.first > before) void this.clearing.run();
  }

  /**
   * The oldest goes; with `all`, be it the only one. False where nothing is left that could go. `next` is called with the
   * bytes that it was while they are given back, so that they can be had at once.
   */
  async makeRoom(all: boolean, next: (bytes: number) => void): Promise<boolean> {
    const { bytes } = this.index;
    if ((!all && this.index.all.length <= 1) || !this.drop()) return false;
    await this.clearing.run(() => next(bytes - this.index.bytes));
    return true;
  }

  /** The same without waiting, for files that are dropped as a whole. */
  dropNow(): boolean {
    if (!this.drop()) return false;
    void this.clearing.run();
    return true;
  }

  private drop(): boolean {
    const { index } = this;
    if (index.all.length === 1 && index.seq > index.first) index.rotate();
    const before = index.first;
    if (!this.dropOne()) return false;
    this.lost += index.first - before;
    return true;
  }

  private dropOne(): boolean {
    return this.index.drop() !== null;
  }
}
