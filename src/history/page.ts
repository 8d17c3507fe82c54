/** Reads a page of history by a filter: no longer at a time than others can wait. */
import type { HistoryEntry } from './entries.js';
import { type EventFilter, fits } from './filter.js';
import { entryKey, leastId } from './keys.js';
import type { HistoryStore } from './store.js';

export interface PageAsked {
  readonly filter: EventFilter;
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
  /** Number of the entry where the page before ended. */
  readonly cursor: number | null;
}

export interface EntryPage {
  readonly entries: HistoryEntry[];
  /** Null: there are no more. */
  readonly next: number | null;
}

/** Entries read at a time, and for one page: one that is looked for among very many may take several. */
const CHUNK = 1000;
const MOST_READ = 20_000;

/** None later than `last`. */
export async function readPage(store: HistoryStore, asked: PageAsked, last: number): Promise<EntryPage> {
  const { filter, order, limit } = asked;
  const isNewest = order === 'newest';
  const entries: HistoryEntry[] = [];
  let at = asked.cursor;
  for (let read = 0; read < MOST_READ; read += CHUNK) {
    const chunk = await store.ledger.entries({
      ...between(filter, isNewest, at, last),
      reverse: isNewest,
      limit: CHUNK,
    });
    for (const entry of chunk) {
      at = entry.id;
      if (!fits(entry, filter)) continue;
      entries.push(entry);
      if (entries.length === limit) return { entries, next: at };
    }
    if (chunk.length < CHUNK) return { entries, next: null };
  }
  return { entries, next: at };
}

/** What happened since a time has no lower number than that time gives. */
function between({ since = 0 }: EventFilter, isNewest: boolean, at: number | null, last: number) {
  const first = entryKey(leastId(since));
  const end = entryKey(last + 1);
  if (isNewest) return { gte: first, lt: at === null ? end : entryKey(at) };
  return { lt: end, ...(at === null ? { gte: first } : { gt: entryKey(at) }) };
}
