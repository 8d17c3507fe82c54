/** Leases over direct children: arithmetic on a monotonic clock, no timers. */

interface Lease {
  heardAt: number;
  readonly timeoutMs: number;
}

export class Leases {
  private readonly leases = new Map<string, Lease>();
  private sweptAt: number | null = null;
  /** None ends before then: renewals only ever put an end off, so that it is seldom to be worked out. */
  private soonest = Number.POSITIVE_INFINITY;

  /** A child was heard at `now` (monotonic ms). */
  renew(name: string, now: number, timeoutMs: number): void {
    this.soonest = Math.min(this.soonest, now + timeoutMs);
    const lease = this.leases.get(name);
    if (lease?.timeoutMs === timeoutMs) lease.heardAt = now;
    else this.leases.set(name, { heardAt: now, timeoutMs });
  }

  /** Whether one ends by then, unless it is renewed. */
  isEndBy(when: number): boolean {
    if (this.soonest > when) return false;
    this.soonest = Number.POSITIVE_INFINITY;
    for (const { heardAt, timeoutMs } of this.leases.values())
      this.soonest = Math.min(this.soonest, heardAt + timeoutMs);
    return this.soonest <= when;
  }

  drop(name: string): void {
    this.leases.delete(name);
  }

  /**
   * Names whose lease ran out by `now`; they are dropped. `period` is what may lie between two calls: where one comes
   * much later than that, it was this process that slept (suspend, SIGSTOP), and no child is blamed for it.
   */
  expired(now: number, period: number): string[] {
    const late = this.sweptAt === null ? 0 : now - this.sweptAt - period;
    this.sweptAt = now;
    if (late > period * 2)
      for (const lease of this.leases.values()) lease.heardAt = Math.min(now, lease.heardAt + late);
    const gone: string[] = [];
    if (!this.isEndBy(now)) return gone;
    for (const [name, lease] of this.leases) if (now - lease.heardAt >= lease.timeoutMs) gone.push(name);
    for (const name of gone) this.leases.delete(name);
    return gone;
  }
}

/** How long (ms) a child may be silent. One that beats slower than the timeout is not declared lost for it. */
export function leaseMs(timeoutMs: number, intervalMs: number): number {
  return intervalMs < timeoutMs ? timeoutMs : intervalMs * 3;
}
