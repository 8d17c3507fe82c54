/** The entries of history in order: added at once, written in batches, told of when they can be read, bounded. */
import type { Clock } from '../core/clock.js';
import type { Span } from '../core/timeline.js';
import type { Draft, HistoryEntry } from './entries.js';
import type { Journal } from './journal.js';
import { entryKey, leastId, type Meta } from './keys.js';
import { Ledger, type LedgerPorts } from './ledger.js';
import type { Opened } from './open.js';
import { opsOf, sizeOf } from './ops.js';

/** Entries written at a time. */
const BATCH = 500;
/** Entries that may wait to be written. */
const MOST_WAITING = 50_000;
/** Milliseconds by which a clock may have been ahead: what is numbered beyond is spoilt. */
const FAR_MS = 366 * 86_400_000;
/** Kept at hand for those who read along. */
const RECENT = 500;

export class HistoryStore {
  /** To read what is kept. */
  readonly ledger: Ledger;
  private readonly listeners = new Set<() => void>();
  private readonly queue: HistoryEntry[] = [];
  private recent: HistoryEntry[] = [];
  private lastId: number;
  private writtenId: number;
  /** Entries since the start, by what became of them. */
  readonly counts = { written: 0, lost: 0 };
  /** Added by an earlier run, which was killed before it had stored them. */
  readonly recovered: readonly HistoryEntry[];
  private lost: { since: number; count: number } | null = null;
  private turn: Promise<void> = Promise.resolve();
  private isWorking = false;
  private isClosed = false;
  private readonly clock: Clock;

  constructor(
    opened: Opened,
    ports: LedgerPorts,
    private readonly journal: Journal,
  ) {
    this.clock = ports.clock;
    this.ledger = new Ledger(opened, ports);
    this.lastId = Math.max(opened.last, this.meta.horizon);
    this.writtenId = this.lastId;
    const unstored = journal.found.filter(
      ({ id }) => id > opened.last && id < leastId(this.clock.now() + FAR_MS),
    );
    this.recovered = unstored;
    this.queue.push(...unstored);
    this.lastId = unstored.at(-1)?.id ?? this.lastId;
    void this.work();
  }

  /** Number of the newest entry that was given one; of the newest that can be read. */
  get last(): number {
    return this.lastId;
  }
  get written(): number {
    return this.writtenId;
  }
  get meta(): Meta {
    return this.ledger.meta;
  }

  /** Its number; it is written with the next batch. */
  add(draft: Draft): number {
    if (this.isClosed) return this.lastId;
    if (this.queue.length >= MOST_WAITING) {
      this.counts.lost += 1;
      this.lost = { since: this.lost?.since ?? draft.at, count: (this.lost?.count ?? 0) + 1 };
      return this.lastId;
    }
    const id = Math.max(this.lastId + 1, leastId(this.clock.now()));
    this.lastId = id;
    const entry = { ...draft, id } as HistoryEntry;
    this.journal.append(entry);
    this.queue.push(entry);
    void this.work();
    return id;
  }

  /** A sign of life, and what has grown too old goes. */
  touch(): void {
    void this.work(true);
  }

  /** Told whenever something new can be read; returns how to end it. */
  onWritten(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves when all that was added so far can be read. */
  async flushed(): Promise<void> {
    while (this.isWorking) await this.turn;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.flushed();
    await this.work(true);
    await this.ledger.close();
    this.journal.close();
  }

  /** Whether somebody who has come so far misses nothing that was written since. */
  async knows(id: number): Promise<boolean> {
    if (id === this.writtenId || id === this.meta.horizon) return true;
    return id > this.meta.horizon && (await this.ledger.get(entryKey(id))) !== undefined;
  }

  /** The next entries after one, in order. */
  async after(id: number, limit: number): Promise<HistoryEntry[]> {
    if (id >= this.writtenId) return [];
    const [oldest] = this.recent;
    if (oldest && oldest.id <= id) return this.recent.filter(entry => entry.id > id).slice(0, limit);
    return this.ledger.entries({ gt: entryKey(id), lt: entryKey(this.writtenId + 1), limit });
  }

  private work(isSign = false): Promise<void> {
    if (this.isWorking) return this.turn;
    this.isWorking = true;
    this.turn = this.writeAll(isSign).finally(() => {
      this.isWorking = false;
      if (this.queue.length > 0) void this.work();
    });
    return this.turn;
  }

  private async writeAll(isSign: boolean): Promise<void> {
    // Those that come with one message are written together.
    await new Promise(setImmediate);
    if (isSign) this.tellUnseen(await this.ledger.mend());
    for (let first = isSign; first || this.queue.length > 0; first = false) {
      this.tellLost();
      const batch = this.queue.splice(0, BATCH);
      const ops = batch.flatMap(opsOf);
      const bytes = batch.reduce((sum, entry) => sum + sizeOf(entry), 0);
      await this.ledger.commit(ops, { bytes: this.meta.bytes + bytes });
      this.counts.written += batch.length;
      if (this.queue.length === 0) this.journal.empty();
      this.writtenId = batch.at(-1)?.id ?? this.writtenId;
      this.recent = [...this.recent, ...batch].slice(-RECENT);
      if (batch.length > 0) for (const listener of [...this.listeners]) listener();
      while (await this.ledger.prune()) await new Promise(setImmediate);
    }
  }

  private tellUnseen(span: Span | null): void {
    if (span === null) return;
    const reason = 'what happened then could not be kept';
    this.add({ type: 'observer', at: span.to, path: '', app: null, since: span.from, reason });
  }

  private tellLost(): void {
    if (this.lost === null || this.queue.length > 0) return;
    const { since, count } = this.lost;
    this.lost = null;
    const reason = `${count} entries came faster than they could be written`;
    this.add({ type: 'observer', at: this.clock.now(), path: '', app: null, since, reason });
  }
}
