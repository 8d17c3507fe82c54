/** `canopy events [-f]`: what happened, the newest last, and what happens from then on. */

import type { RestClient } from './client.js';
import { EventClient, type Told } from './event-client.js';
import { endWithReader, note, put } from './log-print.js';

export interface EventsOptions {
  readonly follow?: boolean;
  readonly json?: boolean;
  /** The last so many. */
  readonly limit: number;
  readonly under?: string;
  readonly path?: string;
  readonly app?: string;
  readonly event?: string;
  readonly status?: string;
  readonly since?: string;
  readonly until?: string;
}

interface Page {
  readonly events: Told[];
  readonly nextCursor: string | null;
  readonly lastId: number;
}

export async function events(rest: RestClient, options: EventsOptions): Promise<void> {
  const { follow = false, json = false, limit, ...filter } = options;
  endWithReader();
  const { found, lastId } = await listed(rest, filter, limit);
  const print = (told: Told) => put(`${json ? JSON.stringify(told) : inWords(told)}\n`);
  for (const told of found) await print(told);
  if (!follow) return;
  const { since: _since, ...query } = filter;
  let isBroken = false;
  const trouble = (why: string | null): void => {
    if (why !== null && !isBroken) note(`broken off, trying again: ${why}`);
    if (why === null && isBroken) note('it goes on');
    isBroken = why !== null;
  };
  const client = new EventClient(rest, new URLSearchParams(query), trouble, lastId);
  for await (const told of client.coming()) {
    if (told.gap && !json) note(`events are missing: ${told.gap.reason}`);
    else await print(told);
  }
}

/** In order of time; with the number after which a stream goes on. */
async function listed(rest: RestClient, filter: object, limit: number) {
  const found: Told[] = [];
  let lastId: number | null = null;
  for (let cursor: string | null = ''; cursor !== null && found.length < limit; ) {
    const most = String(Math.min(1000, limit - found.length));
    const query = new URLSearchParams({ ...filter, limit: most, ...(cursor && { cursor }) });
    const page: Page = await rest.get(`/api/v1/events?${query}`);
    found.push(...page.events);
    lastId ??= page.lastId;
    cursor = page.nextCursor;
  }
  return { found: found.reverse(), lastId: lastId ?? 0 };
}

function inWords(told: Told): string {
  return `${new Date(told.at).toISOString()}  ${(told.path || '.').padEnd(20)}  ${printable(what(told))}`;
}

function what(told: Told): string {
  switch (told.type) {
    case 'state':
      return [
        `${told.from ?? 'new'} -> ${told.status ?? 'forgotten'}`,
        told.hidden > 0 && `with ${told.hidden} behind it`,
        why(told.cause, told.reason),
        told.maintenance && 'in maintenance',
      ]
        .filter(Boolean)
        .join(', ');
    case 'evt':
      return `${told.event}: ${[told.from, told.to].filter(Boolean).join(' -> ')}${told.to ? ', ' : ''}${told.reason}`;
    case 'incident':
      return told.incident.closedAt === null
        ? `incident begins: ${why(told.incident.cause, told.incident.reason) || 'down'}`
        : `incident is over after ${(told.incident.closedAt - told.incident.openedAt) / 1000} s: ${told.incident.end}`;
    case 'maintenance':
      return told.on ? `maintenance by ${told.by}` : 'maintenance is over';
    default:
      return `not watched since ${new Date(told.since).toISOString()}: ${told.reason}`;
  }
}

const why = (cause: string | null, reason: string | null): string =>
  cause === 'timeout' ? 'silent' : cause === 'will' ? 'its connection broke' : (reason ?? '');

/** What strangers choose must not reach the terminal as its own orders. */
const printable = (text: string): string => text.replace(/[\p{C}]/gu, '\ufffd');
