/** Whether what is known of an online node is to be believed now, or is hidden by what happened above it. Pure. */
import type { Moment } from './clock.js';
import { latestHeal } from './heal.js';
import { topName } from './names.js';
import type { NodeRecord } from './node-record.js';
import type { Vigil } from './vigil.js';

export interface HidingReader {
  get(path: string): NodeRecord | undefined;
  readonly graceMs?: number | undefined;
  readonly silentMs?: number | undefined;
  readonly vigil?: Pick<Vigil, 'sleep'> | undefined;
}

/** Intervals within which one must be heard after a hop above it is back; without one (ms). */
const GRACE_INTERVALS = 2;
const GRACE_MS = 6000;
/** Intervals without a heartbeat, at least, after which nothing is held true of a node that nobody speaks for. */
const SILENT_INTERVALS = 6;

/** Since when it is unknown; null where what is known of it stands. `mono`: the observer's clock. */
export function hiddenSince(registry: HidingReader, record: NodeRecord, mono: number): Moment | null {
  const restored = registry.get(topName(record.path))?.restoredAt;
  if (restored) return restored;
  if (isOurSleep(registry, record, mono)) return record.linkAt;
  const healed = latestHeal(registry, record.path);
  if (healed && isUnheard(registry, record, healed, mono)) return healed;
  return record.link === 'online' ? silentSince(registry, record, healed, mono) : null;
}

/** Whether it was lost while the observer slept, so lately that it may be on its way back. */
function isOurSleep(registry: HidingReader, record: NodeRecord, mono: number): boolean {
  const slept = registry.vigil?.sleep(mono);
  if (!slept || record.link !== 'lost' || record.linkAt.mono < slept.from) return false;
  return mono - slept.until < graceOf(registry, record);
}

/** Monotonic ms at which the grace ends of what happened above it, or to the observer: two of its own intervals; -Infinity where nothing has. */
export function graceEnd(registry: HidingReader, record: NodeRecord, mono: number): number {
  const from = Math.max(
    latestHeal(registry, record.path)?.mono ?? Number.NEGATIVE_INFINITY,
    registry.vigil?.sleep(mono)?.until ?? Number.NEGATIVE_INFINITY,
  );
  return from + graceOf(registry, record);
}

/** Milliseconds. */
export const graceOf = ({ graceMs = GRACE_MS }: HidingReader, { interval }: NodeRecord): number =>
  interval === null ? graceMs : interval * 1000 * GRACE_INTERVALS;

function isUnheard(registry: HidingReader, record: NodeRecord, healed: Moment, mono: number): boolean {
  const { link, interval, liveAt, heardAt } = record;
  if (liveAt && liveAt.mono >= healed.mono) return false;
  // One that beats, and does not, may have ended meanwhile: its parent says so in the end.
  if (link === 'online' && interval !== null) return true;
  // Its parent has said so since: there is no heartbeat to wait for.
  if (link !== 'online' && heardAt && heardAt.mono >= healed.mono) return false;
  return mono - healed.mono < graceOf(registry, record);
}

/** Whether it should beat, is not heard, and its own parent says nothing of it: as good as gone. */
export const isSilent = (registry: HidingReader & { mono(): number }, record: NodeRecord): boolean =>
  registry.get(topName(record.path))?.restoredAt == null &&
  silentSince(registry, record, latestHeal(registry, record.path), registry.mono()) !== null;

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
