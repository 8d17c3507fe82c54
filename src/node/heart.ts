/**
 * Milliseconds: hearts of one process beat together on shared steps, since to wake up and find cold caches costs several
 * times what a heartbeat does. A quarter of an interval where that is less.
 */
const STEP_MS = 1000;

/** Beats every interval; the first one at once, the rest on a random step of it, so that many leaves do not beat as one. */
export class Heart {
  private timer: NodeJS.Timeout | null = null;
  private seq = 0;
  private extra: NodeJS.Timeout | null = null;

  constructor(
    private readonly intervalMs: number,
    private readonly beat: (seq: number) => void,
  ) {}

  start(): void {
    this.tick();
    this.timer = setTimeout(() => {
      this.tick();
      this.timer = setInterval(() => this.tick(), this.intervalMs);
    }, this.firstMs());
  }

  stop(): void {
    if (this.timer) clearTimeout(this.timer);
    if (this.extra) clearTimeout(this.extra);
    this.timer = null;
    this.extra = null;
  }

  /** One beat beside the rhythm, within `ms`: what it tells has changed. */
  soon(ms: number): void {
    if (this.timer === null || this.extra !== null) return;
    this.extra = setTimeout(() => {
      this.extra = null;
      this.tick();
    }, ms);
  }

  /** Half an interval to one, ending on a step that all hearts share. */
  private firstMs(): number {
    const step = Math.min(STEP_MS, this.intervalMs / 4);
    const now = performance.now();
    const first = Math.ceil((now + this.intervalMs / 2) / step);
    const last = Math.floor((now + this.intervalMs) / step);
    return (first + Math.floor(Math.random() * (last - first + 1))) * step - now;
  }

  private tick(): void {
    this.seq += 1;
    this.beat(this.seq);
  }
}
