/** History as it happens: first how things are, then what changes, resumed where somebody was cut off. */
import type { HistoryEntry } from '../history/entries.js';
import { type EventFilter, fits } from '../history/filter.js';
import type { HistoryStore } from '../history/store.js';
import { entryView, snapshotView } from './event-views.js';
import type { NodeView } from './views.js';

export interface StreamPorts {
  readonly store: HistoryStore;
  /** As they are now. */
  readonly nodes: () => readonly NodeView[];
}

export interface ServerEvent {
  readonly id?: number;
  /** Left out: the id alone, which is no event and is remembered all the same. */
  readonly event?: 'state' | 'evt' | 'gap';
  readonly data?: object;
}

/** Entries read at a time. */
const CHUNK = 200;

/**
 * Nothing is kept for anyone: each reads on at its own pace, and who is so slow that what comes next is not kept any more is told so.
 * `last`: what was seen last; null by who has seen nothing.
 */
export async function* eventStream(
  { store, nodes }: StreamPorts,
  filter: EventFilter,
  last: number | null,
  cut: AbortSignal,
): AsyncGenerator<ServerEvent> {
  let at = last !== null && (await store.knows(last)) ? last : yield* begin(last);
  while (!cut.aborted) {
    if (at < store.meta.horizon) at = yield* begin(at);
    const entries = await store.after(at, CHUNK);
    for (const entry of entries) {
      at = entry.id;
      if (isTold(entry) && fits(entry, filter)) yield { id: at, event: entry.type, data: entryView(entry) };
    }
    if (entries.length === 0 && at >= store.written) await written(store, cut);
  }

  async function* begin(seen: number | null): AsyncGenerator<ServerEvent, number> {
    // What is added from here on comes after it, and what was before is in it: no turn of the loop lies between.
    const [now, from] = [nodes().filter(node => isAsked(node, filter)), store.last];
    await store.flushed();
    if (seen !== null) yield gap(seen, from);
    for (const node of now) yield { event: 'state', data: snapshotView(node) };
    yield { id: from };
    return from;
  }
}

const isTold = (entry: HistoryEntry): entry is HistoryEntry & { type: 'state' | 'evt' } =>
  entry.type === 'state' || entry.type === 'evt';

const gap = (from: number, to: number): ServerEvent => ({
  event: 'gap',
  data: { v: 1, gap: { from, to, reason: 'what happened after that is not kept here any more' } },
});

const isAsked = (node: NodeView, { since: _since, until: _until, ...filter }: EventFilter): boolean => {
  const { path, app, kind, status, since } = node;
  const entry = { type: 'state', id: 0, at: since, path, app, kind, status } as HistoryEntry;
  return fits(entry, filter);
};

function written(store: HistoryStore, cut: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      stop();
      cut.removeEventListener('abort', done);
      resolve();
    };
    const stop = store.onWritten(done);
    cut.addEventListener('abort', done, { once: true });
    if (cut.aborted) done();
  });
}
