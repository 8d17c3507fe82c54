/** What is asked for with `/logs`, from a query string and headers: all of it is text there. */
import { type Arguments, flag, onlyKnown, whole } from '../core/arguments.js';
import { CanopyError } from '../core/errors.js';
import type { LogQuery } from '../core/log-lines.js';
import { LOG_ARGUMENTS, logQuery } from '../core/log-query.js';
import { preferred } from './accept.js';

export const LOG_TYPES = {
  sse: 'text/event-stream',
  ndjson: 'application/x-ndjson',
  text: 'text/plain',
} as const;
export type LogFormat = keyof typeof LOG_TYPES;

export interface LogAsked {
  readonly query: LogQuery;
  /** The log of the node itself instead of its target's. */
  readonly self: boolean;
  /** Where it cannot be reached, or is not known, until that changes. */
  readonly wait: boolean;
  readonly format: LogFormat;
  readonly gzip: boolean;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const KNOWN = [...LOG_ARGUMENTS, 'follow', 'self', 'wait'];
const WHOLES = ['tail', 'after'];
const FLAGS = ['fixed', 'follow', 'self', 'wait'];

/** Throws `bad-argument`. `now`: milliseconds since the epoch. */
export function logAsked(given: Arguments, headers: Headers, now: number): LogAsked {
  const args: Arguments = Object.fromEntries(
    Object.entries(onlyKnown('logs', given, KNOWN)).map(([name, value]) => [name, typed(name, value)]),
  );
  const follow = flag('follow', args.follow);
  if (follow && args.until !== undefined)
    throw new CanopyError('bad-argument', 'until: expected without follow, which has no end');
  const asked = { ...logQuery(args, now), ...(follow && { follow }) };
  const query = resumed(asked, headers['last-event-id']);
  // An EventSource gives up at any answer but 200, also at that of a node which has only just begun itself.
  const wait = flag('wait', args.wait) || query !== asked;
  const format = formatOf(headers.accept, follow);
  const gzip = !follow && preferred(one(headers['accept-encoding']) || 'identity', ['gzip']) === 'gzip';
  return { query, self: flag('self', args.self), wait, format, gzip };
}

function typed(name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (WHOLES.includes(name)) return /^-?\d{1,17}$/.test(value) ? Number(value) : value;
  if (!FLAGS.includes(name)) return value;
  return value === 'true' || value === '' ? true : value === 'false' ? false : value;
}

/** An EventSource asks again with what it has asked before, and says how far it has come. */
function resumed(query: LogQuery, id: string | string[] | undefined): LogQuery {
  if (!query.follow || id === undefined || id === '') return query;
  const { tail: _tail, since: _since, ...rest } = query;
  return { ...rest, after: whole('last-event-id', typed('after', id), 0, Number.MAX_SAFE_INTEGER) };
}

function formatOf(accept: string | string[] | undefined, follow: boolean): LogFormat {
  const offers = (Object.keys(LOG_TYPES) as LogFormat[]).filter(format => follow || format !== 'sse');
  const types = offers.map(format => LOG_TYPES[format]);
  const type = preferred(one(accept), types);
  return offers[types.indexOf(type ?? (types[0] as (typeof types)[number]))] as LogFormat;
}

const one = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(',') : header;
