/** Token buckets, one per key: so many at once, then so many a second. Bounded in number. */

export interface Bucket {
  /** Below 0: a debt that time pays back. */
  readonly left: number;
  /** Monotonic ms of the last look. */
  readonly at: number;
}

export interface Rate {
  /** How many at once. */
  readonly burst: number;
  /** How many come back in a second. */
  readonly perSecond: number;
}

/** Keys that are kept: one that has been quiet is full again and needs none. */
const MOST_KEYS = 10_000;

export function refilled(bucket: Bucket, now: number, { burst, perSecond }: Rate): Bucket {
  const passed = Math.max(0, now - bucket.at) / 1000;
  return { left: Math.min(burst, bucket.left + passed * perSecond), at: now };
}

/** Seconds until there is one. */
export const waitFor = (bucket: Bucket, { perSecond }: Rate): number =>
  bucket.left >= 1 ? 0 : (1 - bucket.left) / perSecond;

export class Buckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly rate: Rate,
    private readonly mono: () => number,
    private readonly most = MOST_KEYS,
  ) {}

  get size(): number {
    return this.buckets.size;
  }

  /** Seconds until there is one; 0 where there is. */
  wait(key: string): number {
    return waitFor(this.at(key), this.rate);
  }

  /** Takes one whether there is one or not. */
  spend(key: string): void {
    const { left, at } = this.at(key);
    this.keep(key, { left: left - 1, at });
  }

  /** Takes one; null where there was one, else the seconds until there will be. */
  take(key: string): number | null {
    const bucket = this.at(key);
    const wait = waitFor(bucket, this.rate);
    this.keep(key, wait === 0 ? { ...bucket, left: bucket.left - 1 } : bucket);
    return wait === 0 ? null : wait;
  }

  private at(key: string): Bucket {
    const now = this.mono();
    return refilled(this.buckets.get(key) ?? { left: this.rate.burst, at: now }, now, this.rate);
  }

  /** The longest quiet stands first, and goes first. */
  private keep(key: string, bucket: Bucket): void {
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    if (this.buckets.size > this.most) this.buckets.delete(this.buckets.keys().next().value as string);
  }
}
