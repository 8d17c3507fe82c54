/** What one child, with all below it, may take of the history: a flood of its own must not push out what others have done. Pure. */
import { type Bucket, refilled } from '../core/buckets.js';
import { topName } from '../core/names.js';

/** Of the room for all: at once, and a day. */
const SHARE = 1 / 8;
const DAY_S = 86_400;

export class Quota {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly maxBytes: number,
    private readonly mono: () => number,
  ) {}

  /** Whether so many bytes of what is told at a path may be kept; taken if so. */
  take(path: string, bytes: number): boolean {
    const child = topName(path);
    if (child === '') return true;
    const burst = this.maxBytes * SHARE;
    const now = this.mono();
    const known = this.buckets.get(child) ?? { left: burst, at: now };
    const bucket = refilled(known, now, { burst, perSecond: burst / DAY_S });
    const has = bucket.left >= bytes;
    this.buckets.set(child, has ? { ...bucket, left: bucket.left - bytes } : bucket);
    return has;
  }
}
