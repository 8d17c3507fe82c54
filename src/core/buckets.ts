/** Token buckets, one per key: so many at once, then so many a second. Bounded in number. */

interface Bucket {
  left: number;
  /** Monotonic ms of the last look. */
  at: number;
}

export interface Rate {
  /** How many at once. */
  readonly burst: number;
  /** How many come back in a second. */
  readonly perSecond: number;
}

/** Keys that are kept: one that has been quiet is full again and needs none. */
const MOST_KEYS = 10_000;

export class Buckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly rate: Rate,
    private readonly mono: () => number,
    private readonly most = MOST_KEYS,
  ) {}

  /** Takes one; null where there was one, else the seconds until there will be. */
  take(key: string): number | null {
    const now = this.mono();
    const { burst, perSecond } = this.rate;
    const known = this.buckets.get(key);
    const left = known ? Math.min(burst, known.left + ((now - known.at) / 1000) * perSecond) : burst;
    const bucket = { left: left >= 1 ? left - 1 : left, at: now };
    // The longest quiet stands first.
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size > this.most) this.buckets.delete(this.buckets.keys().next().value as string);
    return left >= 1 ? null : (1 - left) / perSecond;
  }

  get size(): number {
    return this.buckets.size;
  }
}
