/** History as the rest of a node knows it: begun, asked, and ended. */
import type { Clock } from '../core/clock.js';
import type { Incident } from '../core/incidents.js';
import type { Registry } from '../core/registry.js';
import type { Span } from '../core/timeline.js';
import type { Observer } from '../tree/observer.js';
import { type Availability, AvailabilityReader } from './availability.js';
import { entryOf } from './entries.js';
import { type EventFilter, fits } from './filter.js';
import { Journal } from './journal.js';
import { after, INCIDENTS } from './keys.js';
import type { LedgerPorts } from './ledger.js';
import { openAgain, openHistory } from './open.js';
import { type EntryPage, type PageAsked, readPage } from './page.js';
import { Quota } from './quota.js';
import { Recorder } from './recorder.js';
import { HistoryStore } from './store.js';
import type { NewsCode } from './trouble.js';

export interface HistoryOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly observer: Observer;
  /** Told of each thing that is wrong with the store, and when it no longer is, in words. */
  readonly trouble: (code: NewsCode, message: string) => void;
}

/** Milliseconds between two signs of life on disk: as exactly is known when this node was killed. */
const SIGN_MS = 5000;
/** Signs that may be late before it is this node that did not run. */
const MOST_LATE = 3;

/** One node of those whose app is asked for, or one alone. */
export interface NodeAvailability extends Availability {
  readonly path: string;
  readonly app: string | null;
}

export class History {
  private timer: NodeJS.Timeout | null = null;

  private constructor(
    readonly store: HistoryStore,
    readonly recorder: Recorder,
    private readonly clock: Clock,
  ) {}

  /** Never throws for what is on disk. What the observer had told before is recalled to it, so: before it starts. */
  static async open(options: HistoryOptions): Promise<History> {
    const { directory, maxBytes, maxAgeMs, registry, clock, observer, trouble } = options;
    const ports = { directory, now: clock.now, trouble };
    const quota = new Quota(maxBytes, clock.mono);
    const recorder: Recorder = new Recorder({
      registry,
      clock,
      add: draft => store.add(draft),
      when: (path, ts) => observer.when(path, ts),
      mayKeep: (path, bytes) => quota.take(path, bytes),
    });
    const opened = await openHistory(ports);
    const ledger: LedgerPorts = {
      clock,
      bounds: { maxBytes, maxAgeMs },
      reopen: error => openHistory(ports, error),
      again: () => openAgain(ports),
      mended: () => trouble('history-writable', `the history in ${directory} can be written again`),
      basis: () => recorder.basis(),
    };
    const store = new HistoryStore(opened, ledger, new Journal(`${directory}.journal`));
    const history = new History(store, recorder, clock);
    await store.flushed();
    await history.recall();
    for (const { path, status, at, kind, app, labels, epoch } of recorder.states())
      if (status !== null) observer.recall(path, { status, at, kind, app, labels, epoch });
    if (opened.meta) history.unobserved(opened.meta.alive, 'this node was not running');
    return history;
  }

  start(): void {
    this.timer = setInterval(() => this.sign(), SIGN_MS);
    this.timer.unref();
  }

  async close(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.recorder.release();
    await this.store.close();
  }

  /** With the number after which a stream goes on: what comes meanwhile is in neither twice, and in one of them. */
  async page(asked: PageAsked): Promise<EntryPage & { readonly last: number }> {
    await this.store.flushed();
    const last = this.store.written;
    return { ...(await readPage(this.store, asked, last)), last };
  }

  /** Newest first: those that are open, then those that are over. */
  async incidents(filter: EventFilter, limit: number): Promise<Incident[]> {
    await this.store.flushed();
    const open = [...this.recorder.openIncidents()].sort((a, b) => b.openedAt - a.openedAt);
    const past = await this.store.ledger.indexed(INCIDENTS, {
      lt: after(INCIDENTS),
      reverse: true,
      limit: 10_000,
    });
    const closed = past.flatMap(entry => (entry.type === 'incident' ? [entry.incident] : []));
    return [...open, ...closed].filter(incident => isAsked(incident, filter)).slice(0, limit);
  }

  /** Of each path; times in ms. */
  async availability(paths: readonly string[], window: Span): Promise<NodeAvailability[]> {
    await this.store.flushed();
    const reader = new AvailabilityReader(this.store, this.recorder, window);
    const found: NodeAvailability[] = [];
    for (const path of paths)
      found.push({ path, app: this.recorder.newest(path)?.app ?? null, ...(await reader.of(path)) });
    return found;
  }

  /** Paths of the leaves that are known, of one app or of any. */
  leaves(app: string | null): string[] {
    return [...this.recorder.states()]
      .filter(entry => entry.kind === 'leaf' && (app === null || entry.app === app))
      .map(({ path }) => path)
      .sort();
  }

  knows(path: string): boolean {
    return this.recorder.newest(path) !== undefined;
  }

  private async recall(): Promise<void> {
    for (const prefix of ['c!', 'i!', 'n!'])
      for (const [, value] of await this.store.ledger.read({ gte: prefix, lt: after(prefix) })) {
        const entry = entryOf(value);
        if (entry) this.recorder.recall(entry);
      }
  }

  private sign(): void {
    if (this.clock.now() - this.store.meta.alive > SIGN_MS * MOST_LATE)
      this.unobserved(this.store.meta.alive, 'this node was suspended');
    this.recorder.release();
    this.store.touch();
  }

  private unobserved(since: number, reason: string): void {
    const at = this.clock.now();
    if (at > since) this.store.add({ type: 'observer', at, path: '', app: null, since, reason });
  }
}

const isAsked = (incident: Incident, filter: EventFilter): boolean => {
  const { path, app, openedAt } = incident;
  return fits({ type: 'incident', id: 0, at: openedAt, path, app, incident }, filter);
};
