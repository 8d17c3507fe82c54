/** A shelf with what is known of it as a whole; one that goes bad is replaced, and begun with what holds. */
import type { Clock } from '../core/clock.js';
import type { Span } from '../core/timeline.js';
import { entryOf, type HistoryEntry } from './entries.js';
import { after, leastId, META, type Meta, VERSION } from './keys.js';
import { moveOnto } from './move.js';
import type { Opened } from './open.js';
import { pruned, put } from './ops.js';
import { MemoryShelf, type Op, type Range, type Shelf } from './shelf.js';

export interface LedgerPorts {
  readonly clock: Clock;
  readonly bounds: { readonly maxBytes: number; readonly maxAgeMs: number };
  /** Of what cannot be read or written any more: what is to be used instead. */
  readonly reopen: (error: unknown) => Promise<Opened>;
  /** Where no disk could be had: one that can be now; null: none. */
  readonly again: () => Promise<Opened | null>;
  /** It is on disk again. */
  readonly mended: () => void;
  /** What holds now, for a store that begins anew. */
  readonly basis: () => Op[];
}

/** Entries taken away, or walked over, at a time. */
const BATCH = 500;
const MOST_IN_MEMORY = 16 * 2 ** 20;
/** Of the room. */
const PRUNED_TO = 0.95;
/** Milliseconds in memory before a disk is asked for again, doubled each time that it was lost again. */
const FIRST_WAIT_MS = 5000;
const MOST_WAIT_MS = 60_000;
/** Milliseconds between the last sign of life on a disk and what memory begins with. */
const MOST_UNSEEN_MS = 15_000;

export class Ledger {
  private shelf: Shelf;
  private now: Meta;
  private isPruning = false;
  /** None is older; until it is known, what can't be. */
  private oldest = 0;
  /** Nothing is written or read meanwhile. */
  private replacing: Promise<void> = Promise.resolve();
  private waitMs = FIRST_WAIT_MS;
  private againAt = 0;

  constructor(
    { shelf, meta }: Opened,
    private readonly ports: LedgerPorts,
  ) {
    const now = ports.clock.now();
    this.shelf = shelf;
    this.now = meta ?? { version: VERSION, horizon: leastId(now), since: now, bytes: 0, alive: now };
  }

  get meta(): Meta {
    return this.now;
  }
  get isOnDisk(): boolean {
    return this.shelf.directory !== null;
  }

  read(range: Range): Promise<[string, string][]> {
    return this.trying(shelf => shelf.read(range));
  }

  get(key: string): Promise<string | undefined> {
    return this.trying(shelf => shelf.get(key));
  }

  async entries(range: Range): Promise<HistoryEntry[]> {
    const all = { gte: 'e!', lt: after('e!') };
    const found = await this.read(range.gt === undefined ? { ...all, ...range } : { lt: all.lt, ...range });
    return found.flatMap(([, value]) => entryOf(value) ?? []);
  }

  /** Entries by an index, in order, as far as they are kept. */
  async indexed(prefix: string, range: Range): Promise<HistoryEntry[]> {
    const keys = await this.read({ gte: prefix, lt: after(prefix), ...range });
    const found = await Promise.all(keys.map(([key]) => this.get(`e!${key.slice(-16)}`)));
    return found.flatMap(value => (value === undefined ? [] : (entryOf(value) ?? [])));
  }

  /** All of an index from a key on, a piece at a time: of one node alone it may be more than fits into memory at once. */
  async *walk(prefix: string, from: string): AsyncGenerator<HistoryEntry[]> {
    let start: Range = { gte: from };
    for (;;) {
      const keys = await this.read({ lt: after(prefix), ...start, limit: BATCH });
      const found = await Promise.all(keys.map(([key]) => this.get(`e!${key.slice(-16)}`)));
      yield found.flatMap(value => (value === undefined ? [] : (entryOf(value) ?? [])));
      const last = keys.at(-1)?.[0];
      if (last === undefined || keys.length < BATCH) return;
      start = { gt: last };
    }
  }

  /** With a sign of life. */
  async commit(ops: Op[], change: Partial<Meta>): Promise<void> {
    const meta = (): Op => put(META, JSON.stringify(this.now));
    await this.replacing;
    const { shelf, now } = this;
    this.now = { ...now, ...change, alive: this.ports.clock.now() };
    try {
      await shelf.write([...ops, meta()]);
    } catch (error) {
      await this.replace(shelf, error);
      this.now = { ...this.now, bytes: Math.max(0, this.now.bytes + (change.bytes ?? 0) - now.bytes) };
      await this.shelf.write([...ops, meta()]).catch(() => {});
    }
  }

  /** Takes some of the oldest away; true where more is to go. Once there is too much, a little more than that goes. */
  async prune(): Promise<boolean> {
    const { bounds, clock } = this.ports;
    const maxBytes = this.isOnDisk ? bounds.maxBytes : Math.min(bounds.maxBytes, MOST_IN_MEMORY);
    const wanted = this.now.bytes > maxBytes || this.isPruning ? maxBytes * PRUNED_TO : maxBytes;
    const tooOld = leastId(clock.now() - bounds.maxAgeMs);
    this.isPruning = this.now.bytes > wanted;
    if (!this.isPruning && this.oldest >= tooOld) return false;
    const oldest = await this.read({ gte: 'e!', lt: after('e!'), limit: BATCH });
    const { ops, bytes, last } = pruned(oldest, this.now.bytes - wanted, tooOld);
    if (last === null) {
      this.isPruning = false;
      this.oldest = Number(oldest[0]?.[0].slice(2) ?? this.now.horizon);
      return false;
    }
    const horizon = { horizon: last, since: Math.max(this.now.since, Math.floor(last / 1000)) };
    await this.commit(ops, { bytes: Math.max(0, this.now.bytes - bytes), ...horizon });
    return true;
  }

  /** In memory only: onto the disk once that can be had. Answers from when to when (ms) what happened is on neither. */
  async mend(): Promise<Span | null> {
    const { clock, again, mended } = this.ports;
    if (this.isOnDisk || clock.mono() < this.againAt) return null;
    this.againAt = clock.mono() + this.waitMs;
    const opened = await again();
    if (!opened) return null;
    const { since } = this.now;
    try {
      this.now = await moveOnto(opened, this.shelf, this.now);
      this.shelf = opened.shelf;
    } catch {
      await opened.shelf.close();
      return null;
    }
    this.oldest = 0;
    mended();
    const from = opened.meta?.alive ?? since;
    return since - from > MOST_UNSEEN_MS ? { from, to: since } : null;
  }

  /** What was on the shelf is not there for us any more: the new one begins with what holds now. */
  private replace(failed: Shelf, error: unknown): Promise<void> {
    if (this.shelf === failed) this.replacing = this.replaced(failed, error);
    return this.replacing;
  }

  private async replaced(failed: Shelf, error: unknown): Promise<void> {
    this.shelf = new MemoryShelf();
    await failed.close().catch(() => {});
    const { shelf } = await this.ports.reopen(error);
    const now = this.ports.clock.now();
    this.now = { version: VERSION, horizon: leastId(now), since: now, bytes: 0, alive: now };
    const begin = [...this.ports.basis(), put(META, JSON.stringify(this.now))];
    await shelf.write(begin).catch(() => this.shelf.write(begin));
    this.shelf = shelf;
    this.againAt = this.ports.clock.mono() + this.waitMs;
    if (!this.isOnDisk) this.waitMs = Math.min(MOST_WAIT_MS, this.waitMs * 2);
  }

  private async trying<T>(ask: (shelf: Shelf) => Promise<T>): Promise<T> {
    await this.replacing;
    const { shelf } = this;
    try {
      return await ask(shelf);
    } catch (error) {
      await this.replace(shelf, error);
      return ask(this.shelf);
    }
  }

  close(): Promise<void> {
    return this.shelf.close();
  }
}
