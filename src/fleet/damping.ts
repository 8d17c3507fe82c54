/**
 * How long a standing order rests after what it did: where another order, or a hand, undoes it each time, the two would start and
 * stop instances for ever. Times are monotonic ms.
 */

/** So often within so long is no coincidence any more. */
const OFTEN = 4;
const WINDOW_MS = 60_000;
const FIRST_MS = 10_000;
const LONGEST_MS = 600_000;

interface Past {
  acts: readonly number[];
  rests: number;
  notBefore: number;
}

export class Damping {
  private readonly past = new Map<string, Past>();

  holds(key: string, now: number): boolean {
    return this.leftMs(key, now) > 0;
  }

  /** Milliseconds that it still rests. */
  leftMs(key: string, now: number): number {
    return Math.max(0, (this.past.get(key)?.notBefore ?? 0) - now);
  }

  /** Of others nothing is remembered any more. */
  only(keys: ReadonlySet<string>): void {
    for (const key of this.past.keys()) if (!keys.has(key)) this.past.delete(key);
  }

  /**
   * The milliseconds that it rests now. `well`: something came of it; what failed is tried again after the first rest. `isOdd`: nothing
   * was lost, nor is back: somebody else has made it necessary.
   */
  acted(key: string, now: number, { well, isOdd }: { well: boolean; isOdd: boolean }): number {
    const before = this.past.get(key) ?? { acts: [], rests: 0, notBefore: 0 };
    // After a calm window it begins anew.
    const calm = now - before.notBefore > WINDOW_MS && before.acts.every(at => now - at > WINDOW_MS);
    const recent = before.acts.filter(at => now - at < WINDOW_MS);
    const acts = isOdd ? [...recent, now] : recent;
    const tooOften = isOdd && acts.length >= OFTEN;
    const rests = tooOften ? before.rests + 1 : calm ? 0 : before.rests;
    const waitMs = tooOften ? Math.min(LONGEST_MS, FIRST_MS * 2 ** (rests - 1)) : well ? 0 : FIRST_MS;
    this.past.set(key, { acts, rests, notBefore: now + waitMs });
    return waitMs;
  }
}
