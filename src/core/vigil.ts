/** Whether an observer was there all the time, or slept (SIGSTOP, suspend): then connections broke on its account. Pure. */

/** Monotonic ms. */
export interface Sleep {
  readonly from: number;
  readonly until: number;
}

export class Vigil {
  private lookedAt: number | null = null;
  private last: Sleep | null = null;

  /** `periodMs`: at most so long between two looks, as long as it is awake. */
  constructor(private readonly periodMs: number) {}

  /** To be called within each period. */
  look(mono: number): void {
    this.last = this.sleep(mono);
    this.lookedAt = mono;
  }

  /** The last time that it slept, also where it has only just woken up and not looked yet; null: never. */
  sleep(mono: number): Sleep | null {
    if (this.lookedAt === null || mono - this.lookedAt <= this.periodMs * 3) return this.last;
    return { from: this.lookedAt, until: mono };
  }
}
