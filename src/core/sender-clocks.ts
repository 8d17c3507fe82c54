/** How far the clocks of nodes are from this one's, by what their heartbeats say. Pure. */

/** Heartbeats after which an earlier minimum counts no more: a clock may have been set since. */
const WINDOW = 8;

interface Window {
  /** Smallest receiver's minus sender's time, ms: the heartbeat that took least on its way. */
  least: number;
  before: number;
  count: number;
}

export class SenderClocks {
  private readonly windows = new Map<string, Window>();

  /** A heartbeat sent at `ts` by its sender's clock came at `now` by ours. */
  heard(path: string, ts: number, now: number): void {
    const known = this.windows.get(path);
    const apart = now - ts;
    if (!known) {
      this.windows.set(path, { least: apart, before: Number.POSITIVE_INFINITY, count: 1 });
      return;
    }
    if (known.count === WINDOW) {
      known.before = known.least;
      known.least = apart;
      known.count = 0;
    }
    known.least = Math.min(known.least, apart);
    known.count += 1;
  }

  /** What a time by the clock of a node is by ours; null where it was never heard. */
  ours(path: string, ts: number): number | null {
    const known = this.windows.get(path);
    return known ? ts + Math.min(known.least, known.before) : null;
  }

  forget(path: string): void {
    this.windows.delete(path);
  }
}
