/** What is asked for with `/events`, `/incidents` and `/availability`. Throws `bad-argument`, `bad-path`, `bad-request`. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { isWithin } from '../access/paths.js';
import { CanopyError } from '../core/errors.js';
import { STATUSES } from '../core/facts.js';
import { timeOf } from '../core/log-query.js';
import type { Span } from '../core/timeline.js';
import type { EventFilter } from '../history/filter.js';
import { checkedPath } from './checked-path.js';

export const MOST_EVENTS = 1000;
const text = (description: string) => Type.Optional(Type.String({ description }));
const TIME = 'ms since the Unix epoch, an ISO 8601 time, or an age such as 10m';

export const FilterFields = {
  under: text('a path: that node and all below it'),
  path: text('that node alone'),
  app: text('of nodes of that app'),
  event: text(
    'state, evt, incident, maintenance or observer; or what an evt is about: phase, health, link, …',
  ),
  status: Type.Optional(Type.Enum(STATUSES, { description: 'what a node has become' })),
  since: text(TIME),
  until: text(TIME),
};
const limit = Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_EVENTS, default: 100 }));
export const EventQuery = Type.Object(
  {
    ...FilterFields,
    order: Type.Optional(
      Type.Enum(['newest', 'oldest'] as const, { description: 'newest first by default' }),
    ),
    limit,
    cursor: text('nextCursor of the page before'),
  },
  { additionalProperties: false },
);
export type EventQuery = Static<typeof EventQuery>;
export const IncidentQuery = Type.Object(
  {
    under: FilterFields.under,
    path: FilterFields.path,
    app: FilterFields.app,
    since: text(TIME),
    until: text(TIME),
    limit,
  },
  { additionalProperties: false },
);
export const AvailabilityQuery = Type.Object(
  {
    app: text('of the leaves of that app, one by one and together'),
    since: text(`${TIME}; a day by default`),
    until: text(TIME),
  },
  { additionalProperties: false },
);

type Asked = Partial<Record<keyof typeof FilterFields, string>>;

/** `home`: the top of what may be seen. */
export function filterOf(asked: Asked, home: string, now: number): EventFilter {
  const { under, path, app, event, status, since, until } = asked;
  return {
    home,
    ...(under !== undefined && { under: checkedPath(under) }),
    ...(path !== undefined && { path: path === '.' ? '' : checkedPath(path) }),
    ...(app !== undefined && { app }),
    ...(event !== undefined && { event }),
    ...(status !== undefined && { status: status as NonNullable<EventFilter['status']> }),
    ...(since !== undefined && { since: timeOf('since', since, now) }),
    ...(until !== undefined && { until: timeOf('until', until, now) }),
  };
}

/** A number that an earlier answer gave. */
export function numberOf(name: string, given: string): number {
  if (/^\d{1,16}$/.test(given) && Number(given) <= Number.MAX_SAFE_INTEGER) return Number(given);
  const found = JSON.stringify(given.slice(0, 100));
  throw new CanopyError('bad-request', `${name}: expected what an earlier answer gave, found ${found}`);
}

const DAY_MS = 86_400_000;

export function windowOf({ since, until }: { since?: string; until?: string }, now: number): Span {
  const to = Math.min(now, until === undefined ? now : timeOf('until', until, now));
  const from = since === undefined ? to - DAY_MS : timeOf('since', since, now);
  if (from < to) return { from, to };
  throw new CanopyError('bad-argument', 'since: expected a time before until, and in the past');
}

export const within = (paths: readonly string[], under: string): string[] =>
  paths.filter(path => isWithin(path, under));
