/** Whether a node is as a rule says. Pure. */
import type { AlertRule, AlertStatus } from '../core/alert.js';
import type { Status } from '../core/facts.js';
import type { Glance } from './model.js';

/** The status for which a rule holds; null where it does not. */
export const holding = (rule: AlertRule, glance: Glance): AlertStatus | null =>
  oddHolding(rule, glance) ?? (statusHolds(rule, glance.status) ? (glance.status as AlertStatus) : null);

export const statusHolds = ({ statuses }: AlertRule, status: Status): boolean =>
  (statuses as readonly string[]).includes(status);

export function oddHolding({ statuses }: AlertRule, { flapping, late }: Glance): AlertStatus | null {
  if (flapping && statuses.includes('flapping')) return 'flapping';
  return late && statuses.includes('late') ? 'late' : null;
}

/** Whether a rule is about what no transition tells. */
export const asksForOdd = ({ statuses }: AlertRule): boolean =>
  statuses.includes('flapping') || statuses.includes('late');
