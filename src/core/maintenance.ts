/** Maintenance of a node: shown, never chosen by balancing, no alerts; a relay's covers its whole subtree. */
import { type Arguments, onlyKnown, seconds, word, wrong } from './arguments.js';
import { CanopyError } from './errors.js';
import { parentOf } from './names.js';
import { type Skew, skewMs } from './skew.js';

export interface Maintenance {
  /** Milliseconds since the epoch; `until` null: until somebody lifts it. */
  readonly since: number;
  readonly until: number | null;
  readonly by: string;
}

/** Seconds; more is no maintenance any more. */
const LONGEST_S = 366 * 86_400;

/** What `maintenance on|off for=SECONDS|until=MS` asks for; null lifts it. Throws `bad-argument`. */
export function maintenanceOf(args: Arguments, by: string, now: number): Maintenance | null {
  const { mode, for: span, until } = onlyKnown('maintenance', args, ['mode', 'for', 'until']);
  const ends = [span, until].filter(end => end !== undefined).length;
  if (word('mode', mode, ['on', 'off']) === 'off') {
    if (ends > 0) throw new CanopyError('bad-argument', 'expected an end only with on, found one with off');
    return null;
  }
  if (ends > 1)
    throw new CanopyError('bad-argument', 'expected for (seconds) or until (ms since the epoch), found both');
  if (span !== undefined)
    return { since: now, until: Math.round(now + seconds('for', span, LONGEST_S) * 1000), by };
  if (until !== undefined && !(Number.isSafeInteger(until) && (until as number) > now))
    throw wrong('until', `milliseconds since the epoch, later than now (${now})`, until);
  return { since: now, until: (until as number | undefined) ?? null, by };
}

export interface Covered {
  readonly maintenance: Maintenance;
  /** Path of the node that was put into it: this one, or one above; '' is the observer itself. */
  readonly at: string;
}

/** The maintenance that covers a node: its own, or that of the nearest node above it. */
export function maintenanceAt(
  registry: { get(path: string): { readonly maintenance: Maintenance | null } | undefined },
  path: string,
): Covered | null {
  for (let at = path; ; at = parentOf(at)) {
    const maintenance = registry.get(at)?.maintenance;
    if (maintenance) return { maintenance, at };
    if (at === '') return null;
  }
}

interface Maintained {
  maintenance: Maintenance | null;
  lifted: Maintenance | null;
  readonly skew: Skew | null;
}

/**
 * Whether it is over by an observer's clock (`now`, ms): one that is gone, or can't be heard, lifts none. `until` is by the clock
 * of the node; where it is not known how far that is off, `allowMs` are allowed for it.
 */
export function isOver({ maintenance, skew }: Readonly<Maintained>, now: number, allowMs: number): boolean {
  const until = maintenance?.until ?? null;
  return until !== null && now >= until - (skewMs(skew) ?? -allowMs);
}

export function lift(record: Maintained): void {
  record.lifted = record.maintenance;
  record.maintenance = null;
}

/** What holds by a report: one that was lifted here may be told again, by a slower clock or from before. */
export const stillHolds = (
  told: Maintenance | null,
  { lifted }: Pick<Maintained, 'lifted'>,
): Maintenance | null => (told?.since === lifted?.since && told?.until === lifted?.until ? null : told);
