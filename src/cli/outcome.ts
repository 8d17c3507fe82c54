/** What became of a command, for people. */
import type { Tracked } from '../tree/desk.js';

interface Each {
  readonly path: string;
  readonly status: string;
  readonly action?: string;
  readonly count?: number;
  readonly to?: string;
  readonly error?: string;
}

type Data = Record<string, unknown>;

/** `restart: partial, 3 of 4` and a line for each; what is not about many as it is. */
export function inWords({ op, status, error, data }: Tracked): string {
  const why = error ? ` ${error.code}: ${error.message}` : '';
  if (!Array.isArray(data?.results)) return `${op}: ${status}${why}${data ? ` ${JSON.stringify(data)}` : ''}`;
  const each = (data.results as Each[]).map(line);
  const kept = (Array.isArray(data.keptBy) ? data.keptBy : []).map(
    path => `  ${path}: keeps to a standing order of its own`,
  );
  return [`${op}: ${status}${why}${figures(data)}`, ...each, ...kept].join('\n');
}

function figures(data: Data): string {
  const { dryRun, expected, succeeded, running, count, missing, surplus } = data;
  if (count !== undefined) {
    const amiss = missing ? `, ${missing} missing` : surplus ? `, ${surplus} too many` : '';
    return `, ${running} of ${count} run${amiss}${dryRun ? ' (nothing was done)' : ''}`;
  }
  return dryRun
    ? ' (nothing was done)'
    : `, ${succeeded} of ${expected}${missing ? `, ${missing} missing` : ''}`;
}

function line({ path, status, action, count, to, error }: Each): string {
  const what = [action, count, to && `-> ${to}`].filter(word => word !== undefined).join(' ');
  return `  ${path}${what && ` ${what}`}: ${status}${error === undefined ? '' : ` (${error})`}`;
}

/** '' where it says nothing of the kind. */
export function progressInWords({ op, data }: Tracked): string {
  const { done, expected } = (data ?? {}) as Data;
  return done === undefined || expected === undefined ? '' : `${op}: ${done} of ${expected} done`;
}
