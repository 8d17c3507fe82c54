/** Where history is kept: an ordered map of text, written in batches, each of them whole or not at all. */
export type Op =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

/** From `gte` or after `gt`, before `lt`, in order of the keys, or backwards. */
export interface Range {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface Shelf {
  /** Null: in memory only. */
  readonly directory: string | null;
  write(ops: readonly Op[]): Promise<void>;
  get(key: string): Promise<string | undefined>;
  /** Never more than `limit`; without one, all of it. */
  read(range: Range): Promise<[string, string][]>;
  close(): Promise<void>;
}

/** The same where no disk can be had: what is kept is as long as the process. */
export class MemoryShelf implements Shelf {
  readonly directory = null;
  private readonly values = new Map<string, string>();
  private keys: string[] = [];

  async write(ops: readonly Op[]): Promise<void> {
    for (const op of ops) {
      if (op.type === 'del') this.drop(op.key);
      else this.put(op.key, op.value);
    }
  }

  async get(key: string): Promise<string | undefined> {
    return this.values.get(key);
  }

  async read({ gt, gte, lt, reverse = false, limit = Number.POSITIVE_INFINITY }: Range) {
    const from = gt !== undefined ? this.place(`${gt}\0`) : this.place(gte ?? '');
    const to = lt === undefined ? this.keys.length : this.place(lt);
    const found = reverse
      ? this.keys.slice(Math.max(from, to - limit), to).reverse()
      : this.keys.slice(from, Math.min(to, from + limit));
    return found.map(key => [key, this.values.get(key) as string] as [string, string]);
  }

  async close(): Promise<void> {}

  private put(key: string, value: string): void {
    if (!this.values.has(key)) this.keys.splice(this.place(key), 0, key);
    this.values.set(key, value);
  }

  private drop(key: string): void {
    if (this.values.delete(key)) this.keys.splice(this.place(key), 1);
  }

  /** Of the first key that is not before this one. */
  private place(key: string): number {
    let [low, high] = [0, this.keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
