/** `canopy incidents`: outages, those that last first. */
import type { Incident } from '../core/incidents.js';
import type { RestClient } from './client.js';
import { age, say, table, type View } from './print.js';

export interface IncidentsOptions extends View {
  readonly under?: string;
  readonly app?: string;
  readonly since?: string;
  readonly limit: number;
}

const HEAD = ['PATH', 'APP', 'BEGAN', 'LASTED', 'END', 'HIDDEN', 'WHY'];

export async function incidents(rest: RestClient, options: IncidentsOptions): Promise<void> {
  const { json, limit, under, app, since } = options;
  const query = new URLSearchParams({
    limit: String(limit),
    ...(under && { under }),
    ...(app && { app }),
    ...(since && { since }),
  });
  const found = await rest.get<{ incidents: Incident[] }>(`/api/v1/incidents?${query}`);
  const now = Date.now();
  say(
    { ...(json && { json }) },
    found,
    table(
      HEAD,
      found.incidents.map(each => row(each, now)),
    ),
  );
}

const row = ({ path, app, openedAt, closedAt, end, hidden, cause, reason }: Incident, now: number) => [
  path || '.',
  app ?? '-',
  new Date(openedAt).toISOString(),
  age(openedAt, closedAt ?? now),
  end ?? 'lasts',
  String(hidden),
  printable(cause ?? reason ?? ''),
];

/** What comes from nodes must not reach the terminal as its own orders. */
const printable = (text: string): string => text.replace(/[\p{C}]/gu, '\ufffd');
