/** What tells one world from another: numbers by their order alone, times by their age up to what anything waits for. */
import type { Moment } from '../../../src/core/clock.js';
import type { NodeRecord } from '../../../src/core/node-record.js';
import type { Heartbeat, State } from '../../../src/protocol/payloads.js';
import { inside, type Seat, type Sent } from './seat.js';
import type { Line, World } from './world.js';

/** Milliseconds; nothing is decided by a longer age, but by which of two is longer. */
const OLD_MS = 7000;

/** Gathers values, and the sorts within which they are ordered. */
class Key {
  private readonly parts: (string | number)[] = [];
  private readonly sorts = new Map<string, { readonly values: number[]; readonly places: number[] }>();

  constructor(private readonly mono: number) {}

  add(...values: readonly (string | number | boolean | null | undefined)[]): void {
    for (const value of values) this.parts.push(typeof value === 'number' ? value : String(value));
  }

  /** A number of which only the order counts, among all of its sort. */
  order(sort: string, value: number | null | undefined): void {
    if (value == null) return this.add(null);
    let known = this.sorts.get(sort);
    if (!known) this.sorts.set(sort, (known = { values: [], places: [] }));
    known.values.push(value);
    known.places.push(this.parts.length);
    this.parts.push(value);
  }

  time(sort: string, at: number | null | undefined): void {
    if (at == null || at === Number.NEGATIVE_INFINITY) return this.add(null);
    if (this.mono - at <= OLD_MS) this.parts.push(this.mono - at);
    else this.order(`old ${sort}`, at);
  }

  moment(sort: string, at: Moment | null): void {
    this.time(sort, at?.mono);
  }

  toString(): string {
    for (const [sort, { values, places }] of this.sorts) {
      const ranks = new Map([...new Set(values)].sort((a, b) => a - b).map((value, rank) => [value, rank]));
      places.forEach((place, index) => {
        this.parts[place] = `${sort[0]}${ranks.get(values[index] as number)}`;
      });
    }
    return this.parts.join();
  }
}

const whoOf = (path: string, seat: Seat): string =>
  path === '' ? seat.kind[1] as string : path === 'm' ? 'e' : 'l';

function place(key: Key, who: string, { epoch, seq, rev }: { epoch: number; seq?: number | undefined; rev?: number | undefined }): void {
  key.order(`${who} epoch`, epoch);
  key.order(`${who} seq ${epoch}`, seq);
  key.order(`${who} rev ${epoch} ${seq}`, rev ?? 0);
}

function addRecord(key: Key, seat: Seat, record: NodeRecord): void {
  const { path, link, cause, lostAfter, epoch, said, beat, interval, phase, pid } = record;
  const [who, sort] = [whoOf(path, seat), seat.kind];
  key.add(path, link, cause, interval, phase);
  key.order(`${who} epoch`, epoch);
  key.order(`${who} beat ${epoch}`, lostAfter);
  key.order(`${who} pid`, pid);
  if (said) place(key, who, said);
  if (beat) {
    key.order(`${who} beat ${beat.epoch}`, beat.seq);
    key.order(`${who} seq ${beat.epoch}`, beat.stateSeq);
  }
  for (const at of [record.heardAt, record.liveAt, record.restoredAt, record.healedAt, record.linkAt])
    key.moment(sort, at);
}

function addSent(key: Key, { path, channel, value, turns }: Sent): void {
  const who = path === '' || path === 'm' ? 'e' : 'l';
  key.add(path, channel);
  key.order('turns', turns);
  key.order(`${who} pid`, value.pid);
  if (channel === 'state') {
    const state = value as State;
    place(key, who, state);
    key.order(`${who} beat ${state.epoch}`, state.beat);
    key.add(state.link, state.reason);
  } else {
    const beat = value as Heartbeat;
    key.order(`${who} epoch`, beat.epoch);
    key.order(`${who} beat ${beat.epoch}`, beat.seq);
    key.order(`${who} seq ${beat.epoch}`, beat.stateSeq);
  }
}

function addSeat(key: Key, seat: Seat): void {
  const sort = seat.kind;
  key.add('|', sort, seat.alive, seat.frozen, seat.sweepDue);
  key.order('turns', seat.turns);
  key.time(sort, seat.turnedAt);
  for (const record of seat.registry.all()) addRecord(key, seat, record);
  for (const [name, { heardAt }] of inside(seat.leases).leases) {
    key.add(name);
    key.time(sort, heardAt);
  }
  const { told, due, broken } = inside(seat.observation);
  for (const [path, { status }] of told) key.add(path, status);
  for (const [path, at] of due) {
    key.add(path);
    key.time(sort, at);
  }
  key.add(...broken);
  for (const [path, { state }] of seat.roster) {
    key.add(path, state.link);
    key.order(`${whoOf(path, seat)} pid`, state.pid);
    place(key, whoOf(path, seat), state);
  }
}

function addLine(key: Key, line: Line, who: string): void {
  const { cut, up, open, epoch, late, beats, states, delivered, snapshot } = line;
  key.add('|', cut, up !== 0, open !== 0, up === open, delivered, snapshot);
  key.order(`${who} epoch`, epoch);
  key.order(`${who} epoch`, late || null);
  for (const sent of beats) addSent(key, sent);
  key.add('/');
  for (const sent of states) addSent(key, sent);
}

export function keyOf(world: World): string {
  const key = new Key(world.mono);
  const { leaf, ghost, m, r } = world;
  key.add(leaf.alive, leaf.version % 2 === 0, ghost.touched);
  key.order('l pid', leaf.epoch * 100 + leaf.version);
  key.order('l epoch', leaf.epoch);
  key.order(`l seq ${leaf.epoch}`, leaf.stateSeq);
  key.order(`l beat ${leaf.epoch}`, leaf.beatSeq);
  for (const seat of [m, r]) addSeat(key, seat);
  addLine(key, world.low, 'l');
  addLine(key, world.high, 'e');
  key.add('|');
  for (const at of [ghost.okAt, ghost.amissAt, ghost.amissHereAt, ghost.relayOkAt, ghost.relayAmissAt])
    key.time('ghost', at);
  return key.toString();
}
