/** How fast what waited is sent: a burst at first, then so many a second. */
const BURST_SECONDS = 2;

export class Pace {
  private tokens: number;
  private at: number;

  constructor(
    private readonly perSecond: number,
    private readonly mono: () => number = () => performance.now(),
  ) {
    this.tokens = perSecond * BURST_SECONDS;
    this.at = mono();
  }

  /** One more; milliseconds to wait before the next. */
  take(): number {
    const now = this.mono();
    const most = this.perSecond * BURST_SECONDS;
    this.tokens = Math.min(most, this.tokens + ((now - this.at) / 1000) * this.perSecond) - 1;
    this.at = now;
    // A timer is no finer than this: some go at once each time.
    return this.tokens > 0 ? 0 : Math.max(10, Math.ceil((-this.tokens / this.perSecond) * 1000));
  }
}
