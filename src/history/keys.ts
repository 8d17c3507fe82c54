/**
 * How history lies on its shelf. A number of an entry is at least its time in ms times a thousand, so that what happened since a
 * time has no lower one, and numbers go on rising where a store was lost.
 */
import type { HistoryEntry } from './entries.js';

/** Of this layout; one that is newer is not touched. */
export const VERSION = 1;
export const META = 'meta';

export const idOf = (id: number): string => String(Math.max(0, id)).padStart(16, '0');
export const entryKey = (id: number): string => `e!${idOf(id)}`;
/** The newest state of a node, and the newest that is not kept any more. */
export const currentKey = (path: string): string => `c!${path}`;
export const baseKey = (path: string): string => `b!${path}`;
/** What is open. */
export const incidentKey = (path: string): string => `i!${path}`;
export const maintenanceKey = (path: string): string => `n!${path}`;
/** All of one index begins so. */
export const statesOf = (path: string): string => `s!${path}!`;
export const eventsOf = (path: string): string => `p!${path}!`;
export const maintenanceOf = (path: string): string => `y!${path}!`;
export const OBSERVED = 'o!';
export const INCIDENTS = 'x!';
export const after = (prefix: string): string => `${prefix}~`;

/** Least number that what happened at this time or later can have. */
export const leastId = (at: number): number => Math.floor(at) * 1000;

/** By which other keys an entry is found; their values are empty. */
export function indexOf(entry: HistoryEntry): string | null {
  const id = idOf(entry.id);
  if (entry.type === 'state') return `${statesOf(entry.path)}${id}`;
  if (entry.type === 'evt') return `${eventsOf(entry.path)}${id}`;
  if (entry.type === 'maintenance') return entry.on ? null : `${maintenanceOf(entry.path)}${id}`;
  if (entry.type === 'observer') return `${OBSERVED}${id}`;
  return entry.incident.closedAt === null ? null : `${INCIDENTS}${id}`;
}

export interface Meta {
  readonly version: number;
  /** Of the newest entry that is not kept any more; what is older than `since` (ms) is not known here. */
  readonly horizon: number;
  readonly since: number;
  /** Keys and values of all entries. */
  readonly bytes: number;
  /** Ms since the Unix epoch: the last sign of life. */
  readonly alive: number;
}

/** Null for what is none. */
export function metaOf(text: string): Meta | null {
  try {
    const meta = JSON.parse(text) as Meta;
    const numbers = [meta.version, meta.horizon, meta.since, meta.bytes, meta.alive];
    return numbers.every(Number.isSafeInteger) ? meta : null;
  } catch {
    return null;
  }
}
