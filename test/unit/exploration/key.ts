/** What tells one world from another: numbers by how far they are behind their source, times by their age up to what anything waits for. */
import type { Moment } from '../../../src/core/clock.js';
import { HEALTHS, LINKS, PHASES, STATUSES } from '../../../src/core/facts.js';
import type { NodeRecord } from '../../../src/core/node-record.js';
import type { Heartbeat, State } from '../../../src/protocol/payloads.js';
import { inside, type Sent } from './insides.js';
import type { Seat } from './seat.js';
import type { Line, World } from './world.js';

/** Milliseconds, above all that is compared with an age. */
const OLD_MS = 7000;
const OLD_OK_MS = 12_000;

/** As 16 bits each; no number here comes near to these. */
const parts = new Uint16Array(4096);
const bytes = Buffer.from(parts.buffer);
const [NONE, ZERO] = [0xffff, 0x7000];
let length = 0;

const add = (value: number): void => {
  parts[length++] = value;
};
const flag = (value: boolean): void => add(value ? 1 : 0);
const word = (words: readonly string[], value: string | null | undefined): void =>
  add(words.indexOf(value ?? ''));
const number = (value: number | null | undefined, base: number): void =>
  add(value == null ? NONE : ZERO + value - base);

let world: World;
function time(at: number | null | undefined, old = OLD_MS): void {
  if (at == null || at === Number.NEGATIVE_INFINITY) return add(NONE);
  add(Math.min(old, world.mono - at) + 3000);
}
const moment = (at: Moment | null): void => time(at?.mono);

const REASONS = ['', 'will', 'timeout', 'heard again', 'online', 'started'];
const PATHS = ['', 'l', 'm', 'm/l'];

/** What the numbers of a node are counted from; `spokenBy`: those of its parent's words. */
interface Source {
  readonly epoch: number;
  readonly stateSeq: number;
  readonly beatSeq: number;
  readonly pid: number;
  readonly spokenBy: number;
}
let sources: Record<'leaf' | 'relay' | 'root', Source>;

function sourcesOf({ leaf, m, r }: World): typeof sources {
  const seat = ({ epoch, stateSeq, beatSeq }: Seat): Source => ({
    epoch,
    stateSeq,
    beatSeq,
    pid: epoch,
    spokenBy: r.epoch,
  });
  const { epoch, stateSeq, beatSeq, version } = leaf;
  const pid = epoch * 100 + version;
  return {
    leaf: { epoch, stateSeq, beatSeq, pid, spokenBy: m.epoch },
    relay: seat(m),
    root: seat(r),
  };
}
const sourceOf = (path: string, { kind }: Seat): Source =>
  path.endsWith('l') ? sources.leaf : path === 'm' ? sources.relay : sources[kind];

/** Epochs, pids and words of a parent grow in steps that are wider than what is told apart. */
const step = (value: number | null | undefined, base: number): void => {
  if (value == null) return add(NONE);
  const behind = base - value;
  add(ZERO + (Math.abs(behind) < 500 ? behind : 600 + Math.round(behind / 1000)));
};

function place(
  of: Source,
  { epoch, seq, rev }: { epoch: number; seq?: number | undefined; rev?: number | undefined },
): void {
  step(epoch, of.epoch);
  number(seq, epoch === of.epoch ? of.stateSeq : 0);
  if (rev) step(rev, of.spokenBy);
  else add(NONE);
}
/** Heartbeats go on where nobody hears them. */
function beatPlace(of: Source, epoch: number | null, seq: number | null | undefined): void {
  if (seq == null || epoch !== of.epoch) number(seq, 0);
  else number(Math.max(seq, of.beatSeq - MOST_BEATS), of.beatSeq);
}
const MOST_BEATS = 12;

function addRecord(seat: Seat, record: NodeRecord): void {
  const { path, link, cause, lostAfter, epoch, said, beat, interval, phase, pid, liveAt, heardAt } = record;
  const of = sourceOf(path, seat);
  word(PATHS, path);
  word(LINKS, link);
  word(REASONS, cause);
  word(PHASES, phase);
  flag(interval === null);
  step(epoch, of.epoch);
  beatPlace(of, epoch, lostAfter);
  flag((beat?.seq ?? 0) > (lostAfter ?? 0));
  step(pid, of.pid);
  if (said) place(of, said);
  else add(NONE);
  beatPlace(of, beat?.epoch ?? null, beat?.seq);
  number(beat?.stateSeq, beat?.epoch === of.epoch ? of.stateSeq : 0);
  for (const at of [heardAt, liveAt, record.restoredAt, record.healedAt, record.linkAt]) moment(at);
  const healed = path === 'm/l' ? seat.registry.get('m')?.healedAt : null;
  if (!healed) return add(NONE);
  flag(liveAt !== null && liveAt.mono >= healed.mono);
  flag(heardAt !== null && heardAt.mono >= healed.mono);
}

function addSent({ path, channel, value, turns }: Sent): void {
  const of = sourceOf(path, world.m);
  word(PATHS, path);
  add(world.m.turns - turns);
  step(value.pid, of.pid);
  word(HEALTHS, value.health);
  if (channel === 'state') {
    const state = value as State;
    place(of, state);
    beatPlace(of, state.epoch, state.beat);
    word(LINKS, state.link);
    word(REASONS, state.reason);
  } else {
    const beat = value as Heartbeat;
    step(beat.epoch, of.epoch);
    beatPlace(of, beat.epoch, beat.seq);
    number(beat.stateSeq, beat.epoch === of.epoch ? of.stateSeq : 0);
  }
}

function addSeat(seat: Seat): void {
  for (const it of [seat.alive, seat.frozen, seat.sweepDue]) flag(it);
  add(world.m.turns - seat.turns);
  time(seat.turnedAt);
  const { lookedAt, last } = inside(seat.vigil);
  time(lookedAt);
  time(last?.from);
  time(last?.until);
  for (const record of seat.registry.all()) addRecord(seat, record);
  add(NONE);
  for (const [name, { heardAt }] of inside(seat.leases).leases) {
    word(PATHS, name);
    time(heardAt);
  }
  add(NONE);
  const { told, due, broken } = inside(seat.observation);
  for (const [path, { status }] of told) {
    word(PATHS, path);
    word(STATUSES, status);
  }
  add(NONE);
  for (const [path, at] of due) {
    word(PATHS, path);
    time(at);
  }
  add(NONE);
  for (const path of broken) word(PATHS, path);
  add(NONE);
  for (const [path, { state }] of seat.roster) {
    const of = sourceOf(path, seat);
    word(PATHS, path);
    word(LINKS, state.link);
    step(state.pid, of.pid);
    place(of, state);
  }
  add(NONE);
}

function addLine(
  { cut, up, open, epoch, late, beats, states, delivered, snapshot }: Line,
  child: number,
): void {
  for (const it of [cut, up !== 0, open !== 0, up === open, snapshot]) flag(it);
  add(delivered);
  step(epoch, child);
  step(late || null, child);
  beats.forEach(addSent);
  add(NONE);
  states.forEach(addSent);
  add(NONE);
}

export function keyOf(of: World): string {
  world = of;
  sources = sourcesOf(of);
  length = 0;
  const { leaf, ghost, m, r, low, high } = of;
  for (const it of [leaf.alive, leaf.version % 2 === 0, ghost.touched]) flag(it);
  addSeat(m);
  addSeat(r);
  addLine(low, leaf.epoch);
  addLine(high, m.epoch);
  time(ghost.okAt, OLD_OK_MS);
  time(ghost.hiddenAt, OLD_OK_MS);
  for (const at of [ghost.amissAt, ghost.amissHereAt, ghost.relayOkAt, ghost.relayAmissAt]) time(at);
  return bytes.toString('utf16le', 0, length * 2);
}
