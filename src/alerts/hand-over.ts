/** An alert between a relay and its parent: as an event says it, and as it is below another node. Pure. */
import type { Alert } from '../core/alert.js';
import type { Kind } from '../core/facts.js';
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

/** Of an `alert` event of a node below. */
export interface AlertWord {
  readonly to?: string;
  readonly path?: string;
  readonly reason: string;
  readonly alert?: ToldOfAlert;
}
export type Heard =
  | { readonly is: 'handed-over'; readonly alert: Alert }
  | { readonly is: 'resolved'; readonly id: string; readonly relay: string };

/** What is believed of it: a relay tells of the nodes below it that are known here, nobody of himself or of others. */
export function heardFrom(
  teller: string,
  { to, path, reason, alert }: AlertWord,
  kindOf: (path: string) => Kind | null | undefined,
): Heard | null {
  if (!alert || !path || teller === '' || !['relay', 'root'].includes(kindOf(teller) ?? '')) return null;
  if (to === 'resolved') return { is: to, id: alert.id, relay: teller };
  const whole = `${teller}/${path}`;
  if (to !== 'handed-over' || pathProblem(whole) !== null || kindOf(whole) === undefined) return null;
  const told = { reason, to: [], toldAt: alert.dueAt, reminders: 0, owner: 'above' } as const;
  return { is: to, alert: { ...alert, path: whole, ...told } };
}
