/** Spans of time as people write them. */
import { InvalidArgumentError } from 'commander';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SPAN = /^(?:\d{1,9}[smhd])+$/;
/** A hundred years. */
const MOST_MS = 36_525 * 86_400_000;

/** Milliseconds of `90d`, `1h30m`, or a number of seconds. */
export function span(text: string): number {
  const ms = SPAN.test(text)
    ? [...text.matchAll(/(\d+)([smhd])/g)].reduce(
        (sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit as string] as number),
        0,
      )
    : Number(text.trim() === '' ? Number.NaN : text) * 1000;
  if (ms > 0 && ms <= MOST_MS) return Math.round(ms);
  throw new InvalidArgumentError(
    `expected a span such as 90d, 1h30m or 600 (seconds), found ${JSON.stringify(text)}`,
  );
}

/** The same; null for `never`. */
export const spanOrNever = (text: string): number | null => (text === 'never' ? null : span(text));
