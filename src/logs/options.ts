/** What a store is made of. */
import type { Clock } from '../core/clock.js';

export interface StoreOptions {
  /** Its own alone; made where missing. */
  readonly dir: string;
  /** A segment is closed when it and its data are that long. */
  readonly segmentBytes: number;
  /** Of all segments and their data; beyond that the oldest is dropped. */
  readonly maxBytes: number;
  /** Milliseconds; null is no limit. */
  readonly maxAgeMs: number | null;
  /** `auto`: files where holes can be punched. */
  readonly capture: 'auto' | 'files' | 'fifos';
  readonly clock: Clock;
}

/** Something that an operator has to know. */
export interface StoreNews {
  /** Lines are lost; false: no more. */
  readonly loses: boolean;
  readonly reason: string;
  /** Lines that went for it so far, where that is known. */
  readonly count: number;
}
