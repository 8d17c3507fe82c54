/** `status`: never stored, derived when it is read, walking from the observer down. */
import { brokenAt, firstBroken } from './broken.js';
import { type Cause, emptyRollup, type Health, type Rollup, type Status } from './facts.js';
import { type HidingReader, hiddenSince } from './hidden.js';
import { isStandIn, type NodeRecord } from './node-record.js';
import { isRestarting } from './planned-restart.js';
import type { Registry } from './registry.js';

export interface Verdict {
  readonly status: Status;
  /** Wall ms since when. */
  readonly since: number;
  /** The hop that broke, for what is unreachable behind it, or that restarts. */
  readonly blockedBy: string | null;
  /** Why the link counts as lost, for the hop that broke. */
  readonly cause: Cause | null;
}

/** `mono`: the observer's monotonic clock; the rest is how long it waits for whom. */
type Reader = HidingReader & { readonly mono?: () => number };

export function verdict(registry: Reader, record: NodeRecord, mono = monoOf(registry)): Verdict {
  const blocker = firstBroken(registry, record.path);
  if (blocker) return behind(blocker, mono);
  const hidden = hiddenSince(registry, record, mono);
  if (hidden) return { status: 'unknown', since: hidden.now, blockedBy: null, cause: null };
  if (record.link !== 'online') return gone(record, mono);
  return { status: ownStatus(record), since: latest(record), blockedBy: null, cause: null };
}

const monoOf = (registry: Reader): number => registry.mono?.() ?? Number.NEGATIVE_INFINITY;

/** Where a hop means to be back in a moment nothing has broken. */
const behind = (hop: NodeRecord, mono: number): Verdict =>
  isRestarting(hop, mono)
    ? { status: 'unknown', since: hop.linkAt.now, blockedBy: hop.path, cause: null }
    : { status: 'unreachable', since: brokenAt(hop).since, blockedBy: hop.path, cause: null };

function gone(record: NodeRecord, mono: number): Verdict {
  if (isRestarting(record, mono))
    return { status: 'degraded', since: record.linkAt.now, blockedBy: null, cause: null };
  if (record.link === 'offline' && record.restart === null)
    return { status: 'stopped', since: record.linkAt.now, blockedBy: null, cause: null };
  return { status: 'down', blockedBy: null, ...brokenAt(record) };
}

/** By the monotonic clock: the other may have been set back since. */
function latest({ linkAt, factsAt, regainedAt }: NodeRecord): number {
  const last = factsAt.mono > linkAt.mono ? factsAt : linkAt;
  return regainedAt && regainedAt.mono > last.mono ? regainedAt.now : last.now;
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
export function rollup(registry: Reader & Pick<Registry, 'get' | 'all'>): Rollup {
  const counts = emptyRollup();
  const mono = monoOf(registry);
  for (const record of registry.all())
    if (record.kind === 'leaf') counts[verdict(registry, record, mono).status] += 1;
  return counts;
}
