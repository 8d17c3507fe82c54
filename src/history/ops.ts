/** What is written of an entry, and what is taken away with it. */
import { entryOf, type HistoryEntry } from './entries.js';
import { baseKey, currentKey, entryKey, incidentKey, indexOf, maintenanceKey } from './keys.js';
import type { Op } from './shelf.js';

export const put = (key: string, value: string): Op => ({ type: 'put', key, value });
const del = (key: string): Op => ({ type: 'del', key });

export function opsOf(entry: HistoryEntry): Op[] {
  const value = JSON.stringify(entry);
  const index = indexOf(entry);
  return [put(entryKey(entry.id), value), ...(index ? [put(index, '')] : []), ...standing(entry, value)];
}

/** What holds from now on. */
function standing(entry: HistoryEntry, value: string): Op[] {
  switch (entry.type) {
    case 'state':
      return [entry.status === null ? del(currentKey(entry.path)) : put(currentKey(entry.path), value)];
    case 'incident':
      return [
        entry.incident.closedAt === null ? put(incidentKey(entry.path), value) : del(incidentKey(entry.path)),
      ];
    case 'maintenance':
      return [entry.on ? put(maintenanceKey(entry.path), value) : del(maintenanceKey(entry.path))];
    default:
      return [];
  }
}

/** Bytes of its own key and value, and of the key by which it is found. */
export const sizeOf = (entry: HistoryEntry): number => sizeAs(entry, JSON.stringify(entry));
const sizeAs = (entry: HistoryEntry | null, value: string): number =>
  18 + Buffer.byteLength(value) + ((entry && indexOf(entry)?.length) ?? 0);

export interface Pruned {
  readonly ops: Op[];
  readonly bytes: number;
  /** Number of the newest that goes; null: none does. */
  readonly last: number | null;
}

/** Of the oldest entries, as many as are too many bytes, or of a number below `tooOld`. The state in which a node was stays known. */
export function pruned(oldest: readonly [string, string][], tooMany: number, tooOld: number): Pruned {
  const ops: Op[] = [];
  let [bytes, last]: [number, number | null] = [0, null];
  for (const [key, value] of oldest) {
    const id = Number(key.slice(2));
    if (bytes >= tooMany && id >= tooOld) break;
    const entry = entryOf(value);
    const index = entry && indexOf(entry);
    ops.push(del(key), ...(index ? [del(index)] : []));
    if (entry?.type === 'state')
      ops.push(entry.status === null ? del(baseKey(entry.path)) : put(baseKey(entry.path), value));
    bytes += sizeAs(entry, value);
    last = id;
  }
  return { ops, bytes, last };
}
