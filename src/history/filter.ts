/** Which entries are asked for. Pure. */
import { isWithin } from '../access/paths.js';
import type { Status } from '../core/facts.js';
import type { HistoryEntry } from './entries.js';

export interface EventFilter {
  /** The top of what may be seen; what is about the observer itself is for those who may see all. */
  readonly home: string;
  /** That node and all below it; that node alone. */
  readonly under?: string;
  readonly path?: string;
  readonly app?: string;
  /** What an entry is (state, evt, …), or what an event is about (phase, link, …). */
  readonly event?: string;
  /** What a node has become. */
  readonly status?: Status;
  /** Ms since the Unix epoch; from the first on, before the second. */
  readonly since?: number;
  readonly until?: number;
}

export function fits(entry: HistoryEntry, filter: EventFilter): boolean {
  const { home, under, path, app, event, status, since, until } = filter;
  return (
    isWithin(entry.path, home) &&
    (under === undefined || isWithin(entry.path, under)) &&
    (path === undefined || entry.path === path) &&
    (app === undefined || entry.app === app) &&
    (event === undefined || entry.type === event || (entry.type === 'evt' && entry.event.event === event)) &&
    (status === undefined || (entry.type === 'state' && entry.status === status)) &&
    (since === undefined || entry.at >= since) &&
    (until === undefined || entry.at < until)
  );
}
