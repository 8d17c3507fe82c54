/** What a receiver is told, as JSON and in words. Pure. */
import type { Notice } from '../core/alert.js';

export interface Teller {
  /** Of the node that tells. */
  readonly name: string;
}

/** JSON; the order of its keys is that of what a person reads first. */
export function genericBody(notice: Notice, teller: Teller): string {
  const { key, kind, at, alert, because } = notice;
  const { id, rule, severity, status, path, app, cause, reason, hidden, since, dueAt, acked } = alert;
  return JSON.stringify({
    version: 1,
    id,
    key,
    kind,
    ...{ rule, severity, status, path, node: alert.kind ?? 'relay', app, cause, reason, hidden },
    ...{ since, dueAt, at, ...(kind === 'resolved' && { because }), acked: acked?.by ?? null },
    from: teller.name,
    text: inWords(notice),
  });
}

export const slackBody = (notice: Notice, teller: Teller): string =>
  JSON.stringify({
    text: `${inWords(notice)} (${teller.name})`
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;'),
  });

/** What would end a line, or turn it round: a reason that a node gives may be made to look like another message. */
const UNSHOWN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** `critical: rack1 is down (timeout), 12 hidden behind it [node-down]`, on one line */
export const inWords = (notice: Notice): string => sentence(notice).replaceAll(UNSHOWN, ' ');

function sentence({ kind, alert, because, at }: Notice): string {
  const { severity, path, status, cause, reason, hidden, rule, since } = alert;
  if (kind === 'resolved') {
    const how = because ? `: ${because}` : '';
    return `resolved: ${path} is no longer ${status}${how}, after ${span(at - since)} [${rule}]`;
  }
  const why = cause ?? reason;
  const behind = hidden > 0 ? `, ${hidden} hidden behind it` : '';
  const still = kind === 'reminder' ? `still, for ${span(at - since)}, ` : '';
  return `${severity}: ${path} is ${still}${status}${why ? ` (${why})` : ''}${behind} [${rule}]`;
}

function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
