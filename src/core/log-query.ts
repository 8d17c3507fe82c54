/** A query of logs as people write it, by MQTT, REST and CLI alike. Throws `bad-argument`, saying what was expected. */
import { type Arguments, flag, whole, word, wrong } from './arguments.js';
import { CanopyError } from './errors.js';
import { LOG_STREAMS, type LogQuery } from './log-lines.js';

export const LOG_ARGUMENTS = ['tail', 'after', 'since', 'until', 'stream', 'grep', 'fixed'] as const;

/** Characters of a pattern. */
const MOST_PATTERN = 1000;
const MOST_SEQ = Number.MAX_SAFE_INTEGER;
const TIME =
  'ms since the epoch, an ISO 8601 time such as 2026-11-25T17:00:00Z, or an age such as 90s, 10m, 1h30m, 1d';
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const AGE = /^(?:\d{1,9}(?:ms|s|m|h|d))+$/;
/** 1973 in milliseconds, 5138 in seconds: who says a number below that means the latter. */
const LEAST_MS = 1e11;
const ISO = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** `now`: milliseconds since the epoch, from which ages count. What is left out of `args` is left out of the query. */
export function logQuery(args: Arguments, now: number): LogQuery {
  const has = (name: string): boolean => args[name] !== undefined;
  const query: LogQuery = {
    ...(has('tail') && { tail: whole('tail', args.tail, 0, MOST_SEQ) }),
    ...(has('after') && { after: whole('after', args.after, 0, MOST_SEQ) }),
    ...(has('since') && { since: timeOf('since', args.since, now) }),
    ...(has('until') && { until: timeOf('until', args.until, now) }),
    ...(has('stream') && { stream: word('stream', args.stream, LOG_STREAMS) }),
    ...(has('grep') && {
      grep: { pattern: pattern(args.grep, flag('fixed', args.fixed)), fixed: flag('fixed', args.fixed) },
    }),
  };
  if (has('fixed') && !has('grep'))
    throw new CanopyError('bad-argument', 'fixed: expected together with grep');
  if (query.since !== undefined && query.until !== undefined && query.since > query.until)
    throw new CanopyError('bad-argument', 'since: expected a time before until');
  return query;
}

export function timeOf(name: string, value: unknown, now: number): number {
  const stamp = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof stamp === 'number' && Number.isSafeInteger(stamp) && (stamp === 0 || stamp >= LEAST_MS))
    return stamp;
  if (typeof value !== 'string' || stamp !== value) throw wrong(name, TIME, value);
  if (AGE.test(value)) return Math.max(0, now - ageMs(value));
  const parsed = ISO.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(parsed)) throw wrong(name, TIME, value);
  return parsed;
}

const ageMs = (age: string): number =>
  [...age.matchAll(/(\d+)([a-z]+)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit as string] as number),
    0,
  );

function pattern(value: unknown, fixed: boolean): string {
  // Plain words make numbers and truths of what looks like them: `grep=404`.
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text !== 'string' || text === '' || text.length > MOST_PATTERN)
    throw wrong('grep', `1 to ${MOST_PATTERN} characters`, value);
  if (fixed) return text;
  try {
    new RegExp(text, 'u');
  } catch (error) {
    throw new CanopyError(
      'bad-argument',
      `grep: expected a regular expression, found ${JSON.stringify(text)}: ${(error as Error).message}`,
    );
  }
  return text;
}
