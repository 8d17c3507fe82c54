/** `canopy availability`: how much of the time nodes were there. */
import { type RestClient, urlPath } from './client.js';
import { say, table, type View } from './print.js';
import { ownPath } from './query.js';

export interface AvailabilityOptions extends View {
  readonly app?: string;
  readonly since?: string;
  readonly until?: string;
}

interface Row {
  readonly path: string;
  readonly app: string | null;
  readonly availability: number | null;
  readonly times: Readonly<Record<string, number>>;
  readonly failures: number;
  readonly restarts: number;
  readonly mttr: number | null;
  readonly mtbf: number | null;
}
type Answer = Row & { readonly since: number; readonly until: number; readonly nodes?: readonly Row[] };

const TIMES = ['up', 'down', 'unreachable', 'maintenance', 'stopped', 'unknown', 'unobserved'];
const HEAD = ['PATH', 'APP', 'AVAILABLE', 'FAILURES', 'RESTARTS', 'MTTR', 'MTBF', 'TIMES'];

/** Without a path: of all leaves; with an app: of its leaves at or below the path. */
export async function availability(
  rest: RestClient,
  path: string | undefined,
  { app, since, until, ...view }: AvailabilityOptions,
): Promise<void> {
  const query = new URLSearchParams({
    ...(app && { app }),
    ...(since && { since }),
    ...(until && { until }),
  });
  const place = path === undefined ? '' : `/${urlPath(ownPath(path))}`;
  const found = await rest.get<Answer>(`/api/v1/availability${place}?${query}`);
  const rows = found.nodes
    ? [...found.nodes.map(row), ...(found.nodes.length === 1 ? [] : [all(found)])]
    : [row(found)];
  say(view, found, table(HEAD, rows));
}

const all = (found: Row): string[] => ['all', ...row(found).slice(1)];

function row({ path, app, availability, times, failures, restarts, mttr, mtbf }: Row): string[] {
  const spent = TIMES.filter(kind => (times[kind] ?? 0) > 0).map(kind => `${kind} ${span(times[kind] ?? 0)}`);
  return [
    path || '.',
    app ?? '-',
    percent(availability),
    String(failures),
    String(restarts),
    span(mttr),
    span(mtbf),
    spent.join(', '),
  ];
}

/** Never rounded up to a whole hundred. */
const percent = (part: number | null): string =>
  part === null ? '-' : `${(Math.floor(part * 100_000) / 1000).toFixed(3)} %`;

function span(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < 120) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 360) / 10} h` : `${Math.round(seconds / 8640) / 10} d`;
}
