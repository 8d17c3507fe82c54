/**
 * The items, and null whenever none has come for a while: `firstMs` before the first, `ms` afterwards. The next item is asked for
 * when the last one has been taken.
 */
export async function* withPauses<T>(
  items: AsyncIterable<T>,
  firstMs: number,
  ms: number,
): AsyncGenerator<T | null, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  let limit = firstMs;
  try {
    for (;;) {
      const next = new Settling(iterator.next());
      while (!(await next.within(limit))) {
        limit = ms;
        yield null;
      }
      limit = ms;
      const result = next.result();
      if (result.done) return;
      yield result.value;
    }
  } finally {
    // Not waited for: it may hang in what the caller cuts now.
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** One promise that is looked at many times, without a reaction left on it by each look. */
class Settling<T> {
  private outcome: (() => T) | null = null;
  private wake = (): void => {};

  constructor(promise: Promise<T>) {
    const settle = (outcome: () => T): void => {
      this.outcome = outcome;
      this.wake();
    };
    promise.then(
      value => settle(() => value),
      error =>
        settle(() => {
          throw error;
        }),
    );
  }

  async within(ms: number): Promise<boolean> {
    if (this.outcome) return true;
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.outcome !== null;
  }

  /** Once it has come; throws what the promise was rejected with. */
  result(): T {
    return (this.outcome as () => T)();
  }
}
