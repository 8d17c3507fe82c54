/** A node as the roster keeps it: its state message, with what that does not say. */
import type { Clock, Moment } from '../../core/clock.js';
import { isDirectChild, pathProblem } from '../../core/names.js';
import type { NodeRecord } from '../../core/node-record.js';
import { Registry } from '../../core/registry.js';
import { check, MalformedPayload } from '../../protocol/codec.js';
import type { State } from '../../protocol/payloads.js';
import { stateOf } from '../wills.js';

export interface Entry {
  readonly path: string;
  readonly state: State;
  /** Wall ms, as in the record. */
  readonly linkAt: number;
  readonly factsAt: number;
  readonly seenAt: number | null;
  /** Seconds. */
  readonly interval: number | null;
  readonly speaker: string | null;
}

export const entryOf = (record: NodeRecord): Entry => ({
  path: record.path,
  state: stateOf(record),
  linkAt: record.linkAt.now,
  factsAt: record.factsAt.now,
  seenAt: record.seenAt?.now ?? null,
  interval: record.interval,
  speaker: record.speaker,
});

/** @throws MalformedPayload saying what was expected and what was found */
export function asEntry(value: unknown): Entry {
  const it = value as Entry;
  const problem = typeof it.path === 'string' && it.path !== '' ? pathProblem(it.path) : 'expected a path';
  if (problem) throw new MalformedPayload(problem);
  check('state', it.state);
  const times = [it.linkAt, it.factsAt, it.seenAt ?? 0];
  if (!times.every(time => Number.isSafeInteger(time) && time >= 0))
    throw new MalformedPayload(`expected times in ms, found ${JSON.stringify(times)}`);
  const { interval, speaker } = it;
  if (interval !== null && !(typeof interval === 'number' && interval > 0))
    throw new MalformedPayload(`interval: expected seconds, found ${JSON.stringify(interval)}`);
  if (speaker !== null && typeof speaker !== 'string')
    throw new MalformedPayload(`speaker: expected a text, found ${JSON.stringify(speaker)}`);
  return it;
}

/** As it was, its times on the clocks of this start. A child that was online is unknown until it is heard. */
export function recordOf(entry: Entry, clock: Clock): NodeRecord {
  const [now, mono] = [clock.now(), clock.mono()];
  const then = (wall: number): Moment => ({ now: wall, mono: mono - Math.max(0, now - wall) });
  const alone = new Registry();
  const applied = alone.applyState(entry.path, entry.state, then(entry.linkAt));
  if (applied.stale) throw new Error('the first state of a node is never stale');
  const { record } = applied;
  record.factsAt = then(entry.factsAt);
  record.seenAt = entry.seenAt === null ? null : then(entry.seenAt);
  record.heardAt = record.seenAt;
  record.healedAt = null;
  record.interval = entry.interval;
  record.speaker = entry.speaker;
  if (record.link === 'online' && isDirectChild(entry.path)) record.restoredAt = { now, mono };
  return record;
}
