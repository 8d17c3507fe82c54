/** One look around: what has changed, what has fallen due, what is over, what is to be called to mind. Pure. */
import type { Alert, AlertRule, AlertStatus, AlertsConfig } from '../core/alert.js';
import type { Status } from '../core/facts.js';
import { ancestors } from '../core/names.js';
import type { Draft } from './draft.js';
import { asksForOdd, holding, oddHolding, statusHolds } from './holding.js';
import { alertId, placeOf } from './id.js';
import { fits } from './match.js';
import { type Duty, type Glance, type Input, keyOf, type Open, type Pending, type Told } from './model.js';

type Look = Extract<Input, { kind: 'look' }>;

/** Milliseconds after a hop has come back in which what is behind it is not told anew: it may be handed over. */
export const SETTLE_MS = 5000;
/** Milliseconds before the last word of the parent: what fell due in them may not have been told by it. */
export const MARGIN_MS = 5000;
/** Milliseconds that a node must be unknown here for its alert to be over: after a restart all are, for a while. */
const MISSING_MS = 3_600_000;

export function lookAround(draft: Draft, look: Look, config: AlertsConfig, ownName: string): void {
  for (const told of look.told) takeTransition(draft, told, config.rules, look.glances);
  for (const rule of config.rules.filter(asksForOdd)) beginOdd(draft, rule, look);
  const rules = new Map(config.rules.map(rule => [rule.name, rule]));
  for (const [key, open] of draft.open)
    lookAtOpen(draft, key, open, rules.get(open.alert.rule) ?? ruleOfForeign(open.alert), look);
  for (const [key, pending] of draft.pending)
    lookAtPending(draft, key, pending, rules.get(pending.rule), look, ownName);
  for (const [path, at] of draft.healed) if (draft.now.mono - at > SETTLE_MS) draft.healed.delete(path);
}

function takeTransition(
  draft: Draft,
  { transition, opening }: Told,
  rules: readonly AlertRule[],
  glances: Look['glances'],
): void {
  const { path, from, to, kind, at } = transition;
  if (path === '') return;
  const { mono, now } = draft.now;
  const glance = glances.get(path);
  if (kind !== 'leaf' && isGone(from) && !isGone(to)) draft.healed.set(path, mono);
  for (const rule of rules) {
    if (!fits(rule.match, transition)) continue;
    const key = keyOf(rule.name, path);
    if (to === null) forget(draft, key);
    else if (statusHolds(rule, to)) {
      const since = { now: Math.min(at, now), mono };
      if (!draft.pending.has(key) && !draft.open.has(key))
        draft.pending.set(key, { rule: rule.name, path, since, opening });
    } else if (isKnown(to) && !(glance && oddHolding(rule, glance))) draft.pending.delete(key);
  }
}

/** That a node flaps or is late is no transition. */
function beginOdd(draft: Draft, rule: AlertRule, { glances }: Look): void {
  const { now, mono } = draft.now;
  for (const [path, glance] of glances) {
    const key = keyOf(rule.name, path);
    if (path === '' || draft.pending.has(key) || draft.open.has(key)) continue;
    if (oddHolding(rule, glance) === null || !isKnown(glance.status) || !fits(rule.match, glance)) continue;
    draft.pending.set(key, { rule: rule.name, path, since: { now, mono }, opening: glance.opening });
  }
}

function forget(draft: Draft, key: string): void {
  draft.pending.delete(key);
  const open = draft.open.get(key);
  if (open) resolve(draft, key, open, null, 'the node was forgotten');
}

function lookAtPending(
  draft: Draft,
  key: string,
  pending: Pending,
  rule: AlertRule | undefined,
  { glances, duty }: Look,
  ownName: string,
): void {
  const glance = glances.get(pending.path);
  if (!rule || !glance || !fits(rule.match, glance)) return void draft.pending.delete(key);
  // Behind a broken hop, or not heard yet since it healed: nobody knows.
  if (!isKnown(glance.status)) return;
  const status = holding(rule, glance);
  if (status === null) return void draft.pending.delete(key);
  const isHeld =
    glance.maintenance || (glance.flapping && status !== 'flapping') || isSettling(draft, pending.path);
  if (isHeld || draft.now.mono - pending.since.mono < rule.forMs) return;
  draft.pending.delete(key);
  const { path, kind, app, cause, reason, hidden } = glance;
  const { now, mono } = draft.now;
  const alert: Alert = {
    id: alertId(rule.name, placeOf(path, ownName), pending.opening),
    rule: rule.name,
    severity: rule.severity,
    to: rule.to,
    ...{ status, path, kind, app, cause, reason, hidden },
    since: pending.since.now,
    dueAt: now,
    acked: null,
    toldAt: now,
    reminders: 0,
    owner: duty.is === 'none' ? 'above' : 'us',
  };
  draft.open.set(key, { alert, dueMono: mono, toldMono: mono, missingMono: null });
  if (alert.owner === 'us') fire(draft, alert);
}

function fire(draft: Draft, alert: Alert): void {
  draft.notify('firing', alert);
  draft.tell('firing', alert);
}

function lookAtOpen(
  draft: Draft,
  key: string,
  open: Open,
  rule: AlertRule | undefined,
  { glances, duty }: Look,
): void {
  const { alert } = open;
  const glance = glances.get(alert.path);
  if (!rule) return resolve(draft, key, open, glance ?? null, 'its rule is gone');
  if (!glance) return waitForNode(draft, key, open);
  const seen = open.missingMono === null ? open : { ...open, missingMono: null };
  if (seen !== open) draft.open.set(key, seen);
  if (!isKnown(glance.status)) return;
  const status = holding(rule, glance);
  if (status === null) {
    // Up for a moment is no recovery.
    if (glance.flapping && alert.status !== 'flapping') return;
    return resolve(draft, key, seen, glance, null);
  }
  if (mustTakeOver(seen, duty)) return takeOver(draft, key, seen, glance, status);
  remind(draft, key, seen, rule, glance, status);
}

/** It fell due when the parent may have been out of reach already. */
const mustTakeOver = ({ alert, dueMono }: Open, duty: Duty): boolean =>
  duty.is === 'cut' && alert.owner === 'above' && dueMono > duty.heardMono - MARGIN_MS;

function takeOver(draft: Draft, key: string, open: Open, glance: Glance, status: AlertStatus): void {
  const { now, mono } = draft.now;
  const alert: Alert = { ...renewed(open.alert, glance, status), owner: 'us', toldAt: now };
  draft.open.set(key, { ...open, alert, toldMono: mono });
  fire(draft, alert);
}

function remind(
  draft: Draft,
  key: string,
  open: Open,
  { remindMs }: AlertRule,
  glance: Glance,
  status: AlertStatus,
): void {
  const { alert, toldMono } = open;
  const { now, mono } = draft.now;
  if (remindMs === null || alert.owner !== 'us' || alert.acked || glance.maintenance) return;
  if (mono - toldMono < remindMs) return;
  const again = { ...renewed(alert, glance, status), toldAt: now, reminders: alert.reminders + 1 };
  draft.open.set(key, { ...open, alert: again, toldMono: mono });
  draft.notify('reminder', again);
}

function waitForNode(draft: Draft, key: string, open: Open): void {
  const { mono } = draft.now;
  const since = open.missingMono ?? mono;
  if (mono - since >= MISSING_MS) resolve(draft, key, open, null, 'the node is not known any more');
  else if (open.missingMono === null) draft.open.set(key, { ...open, missingMono: since });
}

function resolve(draft: Draft, key: string, open: Open, glance: Glance | null, because: string | null): void {
  draft.open.delete(key);
  if (open.alert.owner !== 'us') return;
  const alert = glance ? { ...open.alert, reason: glance.reason } : open.alert;
  draft.notify('resolved', alert, because ?? glance?.status ?? null);
  draft.tell('resolved', alert);
}

/** As long as the node is as it was handed over. */
const ruleOfForeign = ({ foreign, rule, status, severity, to }: Alert): AlertRule | undefined =>
  foreign && { name: rule, match: ANY, statuses: [status], forMs: 0, severity, to, remindMs: null };
const ANY = { paths: [], apps: [], kinds: [], labels: [] };

const renewed = (alert: Alert, { cause, reason, hidden }: Glance, status: AlertStatus): Alert => ({
  ...alert,
  ...{ status, cause, reason, hidden },
});

const isGone = (status: Status | null): boolean => status === 'down' || status === 'stopped';
const isKnown = (status: Status): boolean => status !== 'unreachable' && status !== 'unknown';
const isSettling = ({ healed }: Draft, path: string): boolean =>
  healed.size > 0 && ancestors(path).some(hop => healed.has(hop));
