/** An alert between a relay and its parent: as an event says it, and as it is below another node. Pure. */
import type { Alert } from '../core/alert.js';
import { pathProblem } from '../core/names.js';

/** What of an alert goes up. */
export type ToldOfAlert = Pick<
  Alert,
  'id' | 'rule' | 'severity' | 'status' | 'kind' | 'app' | 'cause' | 'hidden' | 'since' | 'dueAt' | 'acked'
>;

export const toldOf = (alert: Alert): ToldOfAlert => {
  const { id, rule, severity, status, kind, app, cause, hidden, since, dueAt, acked } = alert;
  return { id, rule, severity, status, kind, app, cause, hidden, since, dueAt, acked };
};

/** `path`: below `relay`, which says it. Null where that is none. */
export function below(
  relay: string,
  path: string | undefined,
  told: ToldOfAlert,
  reason: string,
): Alert | null {
  const whole = path ? `${relay}/${path}` : relay;
  if (pathProblem(whole) !== null) return null;
  return { ...told, path: whole, reason, to: [], toldAt: told.dueAt, reminders: 0, owner: 'above' };
}
