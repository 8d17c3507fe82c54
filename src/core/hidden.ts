/** Whether what is known of an online node is to be believed now, or is hidden by what happened above it. Pure. */
import type { Moment } from './clock.js';
import { latestHeal } from './heal.js';
import type { NodeRecord } from './node-record.js';

export interface HidingReader {
  get(path: string): NodeRecord | undefined;
  readonly graceMs?: number | undefined;
  readonly silentMs?: number | undefined;
}

/** Intervals within which one must be heard after a hop above it is back; without one (ms). */
const GRACE_INTERVALS = 2;
const GRACE_MS = 6000;
/** Intervals without a heartbeat, at least, after which nothing is held true of a node that nobody speaks for. */
const SILENT_INTERVALS = 6;

/** Since when it is unknown; null where what is known of it stands. `mono`: the observer's clock. */
export function hiddenSince(registry: HidingReader, record: NodeRecord, mono: number): Moment | null {
  const [name = ''] = record.path.split('/', 1);
  const restored = registry.get(name)?.restoredAt ?? record.restoredAt;
  if (restored) return restored;
  const healed = latestHeal(registry, record.path);
  if (healed && isInGrace(registry, record, healed, mono)) return healed;
  return record.link === 'online' ? silentSince(registry, record, healed, mono) : null;
}

function isInGrace(registry: HidingReader, record: NodeRecord, healed: Moment, mono: number): boolean {
  if (record.liveAt && record.liveAt.mono >= healed.mono) return false;
  // Its parent has said so since: there is no heartbeat to wait for.
  if (record.link !== 'online' && record.heardAt && record.heardAt.mono >= healed.mono) return false;
  const { interval } = record;
  const graceMs = interval === null ? (registry.graceMs ?? GRACE_MS) : interval * 1000 * GRACE_INTERVALS;
  return mono - healed.mono < graceMs;
}

/** Below a child nobody here has a lease on it: its own parent says that it is lost, or there is nothing to go by. */
function silentSince(
  { silentMs }: HidingReader,
  { path, interval, liveAt, heardAt }: NodeRecord,
  healed: Moment | null,
  mono: number,
): Moment | null {
  if (silentMs === undefined || interval === null || !path.includes('/')) return null;
  const heard = liveAt ?? heardAt;
  const from = Math.max(heard?.mono ?? mono, healed?.mono ?? Number.NEGATIVE_INFINITY);
  return mono - from > Math.max(silentMs, interval * 1000 * SILENT_INTERVALS) ? heard : null;
}
