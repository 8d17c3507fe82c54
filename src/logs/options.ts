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
  /** Of what an operator has to know. */
  readonly told?: (news: StoreNews) => void;
}

export interface StoreNews {
  readonly reason: string;
  /** Lines. */
  readonly count?: number;
}
