/** Those who wait until something is so: they look at each change as it is made, so that none of several in one turn is missed. */
export class Waiting {
  private readonly all = new Set<() => void>();

  /** Resolves with the first answer other than null, now or at any later look, unless `cut` first. */
  when<T>(answer: () => T | null, cut?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = answer();
        if (found === null) return;
        this.all.delete(check);
        resolve(found);
      };
      this.all.add(check);
      cut?.addEventListener('abort', () => {
        this.all.delete(check);
        reject(cut.reason);
      });
      check();
    });
  }

  look(): void {
    for (const check of [...this.all]) check();
  }
}
