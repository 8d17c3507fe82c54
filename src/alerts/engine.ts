/** Decides what is told to whom, and when. Pure: no clock, no disk, no socket. */
import type { Alert, AlertRule, AlertsConfig } from '../core/alert.js';
import type { Moment } from '../core/clock.js';
import { Draft } from './draft.js';
import { lookAround } from './look.js';
import { fits } from './match.js';
import { type Duty, type Input, keyOf, type Model, type Stepped } from './model.js';

export interface Place {
  /** Of the node itself. */
  readonly name: string;
}

export function step(model: Model, input: Input, config: AlertsConfig, place: Place, now: Moment): Stepped {
  const draft = new Draft(model, now);
  switch (input.kind) {
    case 'look':
      lookAround(draft, input, config, place.name);
      break;
    case 'ack':
      acknowledge(draft, input.id, input.by);
      break;
    case 'adopt':
      adopt(draft, input.alert, input.duty, config);
      break;
    case 'handed':
      for (const [key, open] of draft.open)
        if (input.ids.includes(open.alert.id))
          draft.open.set(key, { ...open, alert: { ...open.alert, owner: 'above' } });
      break;
    case 'closed':
      for (const [key, { alert }] of draft.open)
        if (alert.id === input.id && alert.path.startsWith(`${input.relay}/`)) draft.open.delete(key);
      break;
  }
  return draft.done();
}

/** Once: who was first stands. */
function acknowledge(draft: Draft, id: string, by: string): void {
  for (const [key, open] of draft.open) {
    if (open.alert.id !== id || open.alert.acked !== null) continue;
    const alert = { ...open.alert, acked: { by, at: draft.now.now } };
    draft.open.set(key, { ...open, alert });
    draft.tell('acked', alert);
  }
}

/** Taken over of relays: anyone below could hand over what he has made up. */
const MOST_OPEN = 10_000;

/** It was told already: from now on this node tells its end. One that it has told as well is the same alert. */
function adopt(draft: Draft, told: Alert, duty: Duty, config: AlertsConfig): void {
  const rule = ruleFor(told, config);
  const key = keyOf(rule?.name ?? told.rule, told.path);
  draft.pending.delete(key);
  const known = draft.open.get(key);
  if (known) {
    const acked = known.alert.acked ?? told.acked;
    if (acked !== known.alert.acked) draft.open.set(key, { ...known, alert: { ...known.alert, acked } });
    return;
  }
  if (draft.open.size >= MOST_OPEN) return;
  const owner = duty.is === 'none' ? 'above' : 'us';
  const { mono } = draft.now;
  const ours = rule
    ? { rule: rule.name, to: rule.to }
    : { to: config.receivers.map(({ name }) => name), foreign: true as const };
  const alert: Alert = { ...told, ...ours, owner };
  draft.open.set(key, { alert, dueMono: mono, toldMono: mono, missingMono: null });
}

/** By which it goes on here: its own; where there is none of that name, one that would have told it. */
function ruleFor(told: Alert, { rules }: AlertsConfig): AlertRule | undefined {
  const like = ({ statuses, match }: AlertRule): boolean =>
    statuses.includes(told.status) && fits(match, { ...told, labels: {} });
  return rules.find(({ name }) => name === told.rule) ?? rules.find(like);
}
