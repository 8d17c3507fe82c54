/** Wills are written when a node connects and said when it is gone: by then they are out of date. */
import type { Origin } from '../../broker/rules.js';
import type { Moment } from '../core/clock.js';
import type { Cause, LinkFact } from '../core/facts.js';
import type { NodeRecord } from '../core/node-record.js';
import { restartEnds } from '../core/planned-restart.js';
import { wordOf } from '../core/said.js';
import type { State } from '../protocol/payloads.js';

/** The will of an installation that another one has replaced meanwhile. */
export const isOfAnother = (known: NodeRecord | undefined, origin: Origin): boolean =>
  origin.via !== 'publish' && known?.speaker != null && origin.identity?.instance !== known.speaker;

/** It gets the time, the true cause, the last known facts, and its place after what was said. */
export function completeWill(
  will: State,
  known: NodeRecord | undefined,
  origin: Origin,
  at: Moment,
  ownEpoch: number | null = null,
): State {
  const cause =
    known?.link === 'lost' && known.cause ? known.cause : origin.via === 'keepalive' ? 'timeout' : 'will';
  const facts =
    known && known.epoch === will.epoch ? { ...factsOf(known), ...wordOf(known, 'lost', ownEpoch) } : {};
  return { ...will, ...facts, ts: at.now, link: 'lost', reason: cause };
}

/** What its parent says of a child that can't say so itself. `now`: wall ms. */
export function spokenFor(
  record: NodeRecord,
  link: LinkFact,
  reason: Cause | 'heard again',
  ownEpoch: number | null,
  now: number,
): State {
  const facts = { kind: record.kind ?? 'relay', ...factsOf(record), link, reason };
  const place = { epoch: record.epoch ?? 0, ...wordOf(record, link, ownEpoch) };
  return { v: 1, ...place, ts: now, ...facts };
}

/** The state message of a node, as it would be retained. */
export function stateOf(record: NodeRecord): State {
  const { epoch, kind, link, restart, linkAt, factsAt, said } = record;
  const ts = Math.max(linkAt.now, factsAt.now);
  const reason = record.cause ?? record.reason;
  const state: State = { v: 1, epoch: epoch ?? 0, ts, kind: kind ?? 'relay', ...factsOf(record), link };
  if (reason !== null) state.reason = reason;
  // Its place in the order goes with it: said again, it must not overwrite what came after it.
  if (said?.epoch === epoch && said.seq >= 0) Object.assign(state, { seq: said.seq, rev: said.rev });
  if (link === 'offline' && restart) state.restartBy = restartEnds(restart);
  return state;
}

/** What is known of a node, in the shape of its state message. */
export function factsOf(record: NodeRecord): Partial<State> {
  const facts: Partial<State> = { app: record.app, pid: record.pid };
  if (record.desired) facts.desired = record.desired;
  if (Object.keys(record.labels).length > 0) facts.labels = record.labels;
  if (record.host) facts.host = record.host;
  if (record.maintenance) facts.maintenance = record.maintenance;
  if (record.insecure) facts.insecure = true;
  if (record.ephemeral) facts.ephemeral = true;
  if (record.phase) facts.phase = record.phase;
  if (record.health) facts.health = record.health;
  if (record.exitCode !== null) facts.exitCode = record.exitCode;
  if (record.signal !== null) facts.signal = record.signal;
  return facts;
}
