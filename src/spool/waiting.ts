/** Who waits until all that was there when he asked is gone. */
export class Waiting {
  private count = 0;
  private gone = 0;
  private readonly waiters: { readonly until: number; readonly resolve: () => void }[] = [];

  added(count = 1): void {
    this.count += count;
  }

  settled(count: number): void {
    this.gone += count;
    while (this.waiters[0] && this.waiters[0].until <= this.gone) this.waiters.shift()?.resolve();
  }

  untilNow(): Promise<void> {
    if (this.gone >= this.count) return Promise.resolve();
    return new Promise(resolve => this.waiters.push({ until: this.count, resolve }));
  }
}
