/** How much a consumer lets its producer send: arithmetic, no timers. */
import { CHUNK_BYTES, HOP_BYTES, WINDOW_BYTES } from './limits.js';

/** Bytes that each of so many flows over one hop may have on its way: never less than a whole chunk. */
export const windowOf = (flows: number): number =>
  Math.max(CHUNK_BYTES, Math.min(WINDOW_BYTES, Math.floor(HOP_BYTES / Math.max(1, flows))));

export class Credit {
  private consumed = 0;
  private granted: number;

  constructor(window: number) {
    this.granted = window;
  }

  /** Bytes allowed in all since the flow began. */
  get limit(): number {
    return this.granted;
  }

  /** So many bytes more have been used up; whether the limit has risen, so that the producer should be told. */
  use(bytes: number, window: number): boolean {
    this.consumed += bytes;
    // Half a window at a time, but a chunk must always fit when all before it is used up.
    const step = Math.min(window / 2, window - CHUNK_BYTES);
    if (this.granted - this.consumed > window - step) return false;
    return this.raise(window);
  }

  /** As far as it goes by now; false where that is no further than before. */
  raise(window: number): boolean {
    const limit = this.consumed + window;
    if (limit <= this.granted) return false;
    this.granted = limit;
    return true;
  }
}
