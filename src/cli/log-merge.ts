/** Several logs as one, by the time of their lines. */

export interface Timed {
  readonly ts: number;
}

/** Those of one log stay in their order; where times are the same, the order of the logs decides. */
export async function* merged<T extends Timed>(logs: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = logs.map(log => log[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map(iterator => iterator.next()));
    for (;;) {
      let first = -1;
      heads.forEach((head, at) => {
        if (!head.done && (first === -1 || head.value.ts < (heads[first] as IteratorYieldResult<T>).value.ts))
          first = at;
      });
      if (first === -1) return;
      yield (heads[first] as IteratorYieldResult<T>).value;
      heads[first] = await (iterators[first] as AsyncIterator<T>).next();
    }
  } finally {
    for (const iterator of iterators) Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
