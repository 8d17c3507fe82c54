/** `status`: never stored, derived when it is read, walking from the observer down. */
import { type Cause, emptyRollup, type Health, type Rollup, type Status } from './facts.js';
import { ancestors } from './names.js';
import { isStandIn, type NodeRecord } from './node-record.js';
import { latestHeal, type Registry } from './registry.js';

export interface Verdict {
  readonly status: Status;
  /** Wall ms since when. */
  readonly since: number;
  /** The hop that broke, for what is unreachable behind it. */
  readonly blockedBy: string | null;
  /** Why the link counts as lost, for the hop that broke. */
  readonly cause: Cause | null;
}

type Reader = Pick<Registry, 'get'>;

export function verdict(registry: Reader, record: NodeRecord): Verdict {
  const blocker = firstBroken(registry, record.path);
  if (blocker)
    return { status: 'unreachable', since: blocker.linkAt.now, blockedBy: blocker.path, cause: null };
  if (record.link === 'lost')
    return { status: 'down', since: record.linkAt.now, blockedBy: null, cause: record.cause };
  if (record.link === 'offline')
    return { status: 'stopped', since: record.linkAt.now, blockedBy: null, cause: null };
  const healed = latestHeal(registry, record.path);
  if (healed && (record.heardAt?.mono ?? -1) < healed.mono)
    return { status: 'unknown', since: healed.now, blockedBy: null, cause: null };
  const since = Math.max(record.linkAt.now, record.factsAt.now, record.regainedAt?.now ?? 0);
  return { status: ownStatus(record), since, blockedBy: null, cause: null };
}

/** The hop nearest to the observer, above this path, that is not online. */
function firstBroken(registry: Reader, path: string): NodeRecord | null {
  for (const above of ancestors(path)) {
    const hop = registry.get(above);
    if (hop && hop.link !== 'online') return hop;
  }
  return null;
}

/** What an online node's own facts say of it. */
export function ownStatus(record: Pick<NodeRecord, 'epoch' | 'kind' | 'phase' | 'health'>): Status {
  if (isStandIn(record)) return 'unknown';
  if (record.kind !== 'leaf') return 'up';
  switch (record.phase) {
    case 'running':
      return running(record.health);
    case 'starting':
    case 'stopping':
      return 'degraded';
    case 'backoff':
    case 'failed':
      return 'down';
    case 'stopped':
    case 'exited':
      return 'stopped';
    default:
      return 'unknown';
  }
}

/** It runs, which is not yet to say that it serves: a probe that has not passed yet counts for nobody's `up`. */
function running(health: Health | null): Status {
  if (health === 'failing') return 'down';
  return health === 'warning' || health === 'unknown' ? 'degraded' : 'up';
}

/** Leaves by status, as this observer sees them. */
export function rollup(registry: Pick<Registry, 'get' | 'all'>): Rollup {
  const counts = emptyRollup();
  for (const record of registry.all())
    if (record.kind === 'leaf') counts[verdict(registry, record).status] += 1;
  return counts;
}
