/** So many a second, and so many at once: what is spent beyond them is a debt that time pays back. Pure. */
export class Bucket {
  #tokens: number;
  #at: number;

  /** `now` in milliseconds of a clock that never goes back. */
  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** Milliseconds until the debt is paid; 0 where there is none. */
  spend(count: number, now: number): number {
    this.#fill(now);
    this.#tokens -= count;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.perSecond) * 1000);
  }

  /** Whether nothing of late is missing from it. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= this.burst;
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
  }
}
