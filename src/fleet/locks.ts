/** One at a time per key: two who scale one service at once would each count on what the other is about to change. */
export class Locks {
  private readonly last = new Map<string, Promise<unknown>>();

  isBusy(key: string): boolean {
    return this.last.has(key);
  }

  /** Runs `work` when those before it on this key are done, however they ended. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.last.get(key) === mine) this.last.delete(key);
    }
  }
}
