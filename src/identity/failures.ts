/** How often a caller may fail before it is not looked at for a while: a token bucket for each address and each name. */
import { isIPv6 } from 'node:net';
import type { Clock } from '../core/clock.js';

export interface Rate {
  /** Failures in a row. */
  readonly burst: number;
  /** Failures that are forgiven per second. */
  readonly perSecond: number;
}
export interface Bucket {
  readonly left: number;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** Behind one address there may be a machine with many nodes. */
export const BY_ADDRESS: Rate = { burst: 20, perSecond: 1 / 3 };
export const BY_NAME: Rate = { burst: 10, perSecond: 1 / 5 };
/** Buckets of each kind; beyond that the one that failed longest ago is forgotten. */
const MOST = 10_000;

export function refilled(bucket: Bucket, now: number, { burst, perSecond }: Rate): Bucket {
  const passed = Math.max(0, now - bucket.at) / 1000;
  return { left: Math.min(burst, bucket.left + passed * perSecond), at: now };
}

/** Seconds until one more is allowed. */
export const waitFor = (bucket: Bucket, { perSecond }: Rate): number =>
  bucket.left >= 1 ? 0 : Math.ceil((1 - bucket.left) / perSecond);

export class Buckets {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly rate: Rate,
    private readonly clock: Pick<Clock, 'mono'>,
    private readonly most = MOST,
  ) {}

  get size(): number {
    return this.buckets.size;
  }

  /** Seconds that this one has to wait; 0 where it may try. */
  wait(key: string): number {
    return waitFor(this.at(key), this.rate);
  }

  /** One failure more. */
  take(key: string): void {
    const { left, at } = this.at(key);
    this.buckets.delete(key); // so that those used last stand last
    this.buckets.set(key, { left: left - 1, at });
    for (const oldest of this.buckets.keys()) {
      if (this.buckets.size <= this.most) break;
      this.buckets.delete(oldest);
    }
  }

  private at(key: string): Bucket {
    const now = this.clock.mono();
    return refilled(this.buckets.get(key) ?? { left: this.rate.burst, at: now }, now, this.rate);
  }
}

/** What counts as one address: of IPv6 the /64 that a single machine is given. */
export function addressKey(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return bare;
  const [head = '', tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - after.length;
  const whole = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...after];
  return whole
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':');
}
