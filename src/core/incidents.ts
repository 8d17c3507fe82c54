/** An incident: from when a node is down by itself until it is up again, or meant not to be. Pure. */
import type { Cause, Kind } from './facts.js';
import type { Transition } from './transition.js';

export interface Incident {
  /** The same wherever and however often it is worked out: path and time. */
  readonly id: string;
  readonly path: string;
  readonly kind: Kind | null;
  readonly app: string | null;
  /** Ms since the Unix epoch. */
  readonly openedAt: number;
  readonly closedAt: number | null;
  readonly cause: Cause | null;
  readonly reason: string | null;
  /** Nodes that can't be seen for it. */
  readonly hidden: number;
  /** What became of it: up, stopped, forgotten. */
  readonly end: 'up' | 'stopped' | 'forgotten' | null;
}

/** What a transition makes of the incident of its node that is open, if one is; null: nothing. What is unreachable has none. */
export function incidentAfter(open: Incident | undefined, told: Transition): Incident | null {
  if (!open) return told.to === 'down' ? begun(told) : null;
  const end = endOf(told);
  return end === null ? null : { ...open, closedAt: told.at, end };
}

const begun = ({ path, kind, app, at, cause, reason, hidden }: Transition): Incident => ({
  id: `${path || '.'}@${at}`,
  path,
  kind,
  app,
  openedAt: at,
  closedAt: null,
  cause,
  reason,
  hidden,
  end: null,
});

/** That it is being started again ends nothing yet. What stands in for a relay is never more than heard. */
function endOf({ to, kind }: Transition): Incident['end'] {
  if (to === null) return 'forgotten';
  if (to === 'up' || (to === 'unknown' && kind === null)) return 'up';
  return to === 'stopped' ? 'stopped' : null;
}
