/** Counts by name, for the metrics: a bounded number of names, since some come from outside. */

const MOST_NAMES = 200;
/** What is counted for names that came when there were as many as are kept. */
const OTHERS = 'other';

export class Tally {
  private readonly counts = new Map<string, number>();

  add(name: string, count = 1): void {
    const known = this.counts.has(name) || this.counts.size < MOST_NAMES;
    const key = known ? name : OTHERS;
    this.counts.set(key, (this.counts.get(key) ?? 0) + count);
  }

  get(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  [Symbol.iterator](): IterableIterator<[string, number]> {
    return this.counts.entries();
  }
}
