/** Those who wait until something has changed. */
export class Waiters {
  private readonly waiting = new Set<() => void>();

  wake(): void {
    for (const go of [...this.waiting]) go();
  }

  /** Resolves at the next wake, or when it is cut. */
  next(cut: AbortSignal): Promise<void> {
    if (cut.aborted) return Promise.resolve();
    return new Promise(resolve => {
      const go = (): void => {
        this.waiting.delete(go);
        cut.removeEventListener('abort', go);
        resolve();
      };
      this.waiting.add(go);
      cut.addEventListener('abort', go, { once: true });
    });
  }
}
