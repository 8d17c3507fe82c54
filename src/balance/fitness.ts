/** How a leaf stands as an instance of its app, as its observer sees it: what balancing may count on and choose. */
import type { Status } from '../core/facts.js';
import { missedBeat } from '../core/late.js';
import { maintenanceAt } from '../core/maintenance.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { verdict } from '../core/verdict.js';

/**
 * `running`: up or on its way, and to be chosen for a stop. `held`: runs, but is in maintenance, late or stale: counted, never
 * chosen. `ailing`: meant to run, and failing. `free`: a stand-by slot that could be started, if only when
 * its last run has ended: a leaf does one after the other. `gone`: not to be reached.
 * `out`: not running, and not to be started now; or failing, and not to be touched for what keeps one from being chosen.
 */
export type Fitness = 'running' | 'held' | 'ailing' | 'free' | 'gone' | 'out';

export type Reader = Pick<Registry, 'get'>;

/** Whether a node has missed a heartbeat, or has not sent one at all. `mono` is the observer's clock. */
export const isLate = (record: Pick<NodeRecord, 'beat' | 'interval' | 'seenAt'>, mono: number): boolean =>
  record.beat === null || missedBeat(record, mono);

/** Whether a node, leaf or relay, may be given something to do. */
export const isFit = (registry: Reader, record: NodeRecord, mono: number): boolean =>
  mayBeChosen(registry, record, verdict(registry, record).status, mono);

function mayBeChosen(registry: Reader, record: NodeRecord, status: Status, mono: number): boolean {
  if (record.link !== 'online' || status === 'unreachable' || status === 'unknown') return false;
  return !isLate(record, mono) && maintenanceAt(registry, record.path) === null;
}

export function fitnessOf(registry: Reader, record: NodeRecord, mono: number): Fitness {
  const { status } = verdict(registry, record);
  if (record.link !== 'online' || status === 'unreachable') return 'gone';
  const fit = mayBeChosen(registry, record, status, mono);
  if (!isMeant(record)) return fit && mayStart(record) ? 'free' : 'out';
  if (!lives(record) || record.health === 'failing') return fit ? 'ailing' : 'out';
  return fit ? 'running' : 'held';
}

const mayStart = ({ phase }: NodeRecord): boolean =>
  phase === 'stopped' || phase === 'stopping' || phase === 'exited' || phase === 'failed';
const lives = ({ phase }: NodeRecord): boolean => phase === 'running' || phase === 'starting';

/** A leaf that does not say what it is meant to do is meant to do what it does. */
export const isMeant = ({ desired, phase }: Pick<NodeRecord, 'desired' | 'phase'>): boolean =>
  desired === null
    ? phase === 'running' || phase === 'starting' || phase === 'backoff'
    : desired === 'running';
