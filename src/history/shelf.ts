/** Where history is kept: an ordered map of text, written in batches, each of them whole or not at all. */
import { lowest } from '../core/lowest.js';

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

/** Keys of a batch that are put in and taken out one by one. */
const FEW = 8;

/** The same where no disk can be had: what is kept is as long as the process. */
export class MemoryShelf implements Shelf {
  readonly directory = null;
  private readonly values = new Map<string, string>();
  private keys: string[] = [];

  async write(ops: readonly Op[]): Promise<void> {
    const [fresh, gone] = [new Set<string>(), new Set<string>()];
    for (const op of ops) {
      const { key } = op;
      const isThere = this.values.has(key);
      if (op.type === 'put') this.values.set(key, op.value);
      else this.values.delete(key);
      if (isThere === (op.type === 'put')) continue;
      // What comes and goes in one batch has never been there, and the other way round.
      const [now, before] = op.type === 'put' ? [fresh, gone] : [gone, fresh];
      if (!before.delete(key)) now.add(key);
    }
    this.settle(fresh, gone);
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

  /** Keys put in and taken out one by one cost as much each as all that come with one batch together. */
  private settle(fresh: ReadonlySet<string>, gone: ReadonlySet<string>): void {
    if (fresh.size + gone.size <= FEW) {
      for (const key of gone) this.keys.splice(this.place(key), 1);
      for (const key of fresh) this.keys.splice(this.place(key), 0, key);
      return;
    }
    const kept = gone.size === 0 ? this.keys : this.keys.filter(key => !gone.has(key));
    this.keys = merged(kept, [...fresh].sort());
  }

  /** Of the first key that is not before this one. */
  private place(key: string): number {
    return lowest(this.keys.length, at => (this.keys[at] as string) >= key);
  }
}

/** Two lists in order, as one. */
function merged(long: readonly string[], few: readonly string[]): string[] {
  const all: string[] = [];
  let at = 0;
  for (const key of long) {
    while (at < few.length && (few[at] as string) < key) all.push(few[at++] as string);
    all.push(key);
  }
  return [...all, ...few.slice(at)];
}
