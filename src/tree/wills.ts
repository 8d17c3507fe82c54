/** Wills are written when a node connects and said when it is gone: by then they are out of date. */
import type { Origin } from '../../broker/rules.js';
import type { Moment } from '../core/clock.js';
import type { NodeRecord } from '../core/node-record.js';
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

/** What is known of a node, in the shape of its state message. */
export function factsOf(record: NodeRecord): Partial<State> {
  const facts: Partial<State> = { app: record.app, pid: record.pid };
  if (record.desired) facts.desired = record.desired;
  if (Object.keys(record.labels).length > 0) facts.labels = record.labels;
  if (record.host) facts.host = record.host;
  if (record.maintenance) facts.maintenance = record.maintenance;
  if (record.insecure) facts.insecure = true;
  if (record.phase) facts.phase = record.phase;
  if (record.health) facts.health = record.health;
  if (record.exitCode !== null) facts.exitCode = record.exitCode;
  if (record.signal !== null) facts.signal = record.signal;
  return facts;
}
