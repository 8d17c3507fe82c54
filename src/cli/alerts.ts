/** `canopy alerts` and `canopy ack`: what is open, and that somebody has seen it. */
import type { Alert } from '../core/alert.js';
import type { RestClient } from './client.js';
import { age, say, table, type View } from './print.js';

type Shown = Omit<Alert, 'owner'> & { readonly told: 'here' | 'above' };

export async function alerts(client: RestClient, view: View): Promise<void> {
  const found = await client.get<{ alerts: Shown[] }>('/api/v1/alerts');
  const now = Date.now();
  const rows = found.alerts.map(alert => [
    alert.id,
    alert.severity,
    alert.path || '.',
    alert.status,
    age(alert.since, now),
    alert.rule,
    alert.acked ? `acknowledged by ${printable(alert.acked.by)}` : why(alert),
  ]);
  say(view, found, table(['ID', 'SEVERITY', 'PATH', 'STATUS', 'FOR', 'RULE', ''], rows));
}

export async function ack(client: RestClient, id: string, view: View): Promise<void> {
  const alert = await client.post<Shown>(`/api/v1/alerts/${encodeURIComponent(id)}/ack`, {});
  say(
    view,
    alert,
    `${alert.path || '.'} ${alert.status}: acknowledged by ${printable(alert.acked?.by ?? '')}`,
  );
}

const why = ({ cause, reason, hidden }: Shown): string =>
  [cause ?? reason ?? '', hidden > 0 ? `${hidden} hidden behind it` : '']
    .filter(Boolean)
    .map(printable)
    .join(', ');

/** What comes from nodes must not reach the terminal as its own orders. */
const printable = (text: string): string => text.replace(/[\p{C}]/gu, '\ufffd');
