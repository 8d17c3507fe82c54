/** So many at work at a time, so many waiting, and nobody beyond: hashing is made to be dear. */
export class Gate {
  private working = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly most: number,
    private readonly mostWaiting: number,
  ) {}

  /** Null, and nothing was done, where too many wait. */
  async run<T>(work: () => Promise<T>): Promise<T | null> {
    if (this.working >= this.most) {
      if (this.waiting.length >= this.mostWaiting) return null;
      await new Promise<void>(resolve => this.waiting.push(resolve));
    } else this.working += 1;
    try {
      return await work();
    } finally {
      // Handed on to the next one, so that nobody comes in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.working -= 1;
    }
  }
}
