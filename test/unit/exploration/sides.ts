/** The two lines of a world, by what differs, and what the leaf says. */
import type { Origin } from '../../../broker/rules.js';
import type { Heartbeat, State } from '../../../src/protocol/payloads.js';
import type { Sent } from './insides.js';
import type { Seat } from './seat.js';
import { setTime } from './time.js';
import type { Leaf, Line, World } from './world.js';

export const origin = (name: string, via: Origin['via'] = 'publish'): Origin => ({
  clientId: name,
  identity: { name, instance: name },
  who: null,
  via,
});

export const awake = (seat: Seat): boolean => seat.alive && !seat.frozen;

/** It has left a ping unanswered. */
export const isMute = (seat: Seat, mono: number): boolean => seat.frozen && mono > seat.turnedAt;

/** The two lines, by what differs. */
export interface Side {
  readonly name: 'l' | 'm';
  line(world: World): Line;
  set(world: World, line: Partial<Line>): void;
  child(world: World): { readonly alive: boolean; readonly epoch: number; readonly frozen?: boolean };
  parent(world: World): Seat;
  own(world: World): Seat;
  will(world: World, epoch: number): State;
  connected(world: World): void;
}

export const LOW: Side = {
  name: 'l',
  line: world => world.low,
  set: (world, line) => {
    world.low = { ...world.low, ...line };
  },
  child: world => world.leaf,
  parent: world => world.m,
  own: world => world.ownM,
  will: (world, epoch) => ({ ...LAST_WORDS, epoch, ts: world.mono, kind: 'leaf', app: 'l' }),
  connected: world => tellLeaf(world),
};
export const HIGH: Side = {
  name: 'm',
  line: world => world.high,
  set: (world, line) => {
    world.high = { ...world.high, ...line };
  },
  child: world => world.m,
  parent: world => world.r,
  own: world => world.ownR,
  will: (world, epoch) => ({ ...LAST_WORDS, epoch, ts: world.mono, kind: 'relay' }),
  connected: world => {
    world.ownM.tell('online');
    world.ownM.heartbeat();
  },
};
const LAST_WORDS = { v: 1, link: 'lost', reason: 'will' } as const;

const leafFacts = ({ epoch, version }: Leaf) =>
  ({
    v: 1,
    epoch,
    kind: 'leaf',
    app: 'l',
    phase: version % 2 === 0 ? 'running' : 'backoff',
    health: version % 2 === 0 ? 'passing' : 'unknown',
    pid: epoch * 100 + version,
  }) as const;

export function tellLeaf(world: World): void {
  const leaf = { ...world.leaf, stateSeq: world.leaf.stateSeq + 1 };
  const value: State = { ...leafFacts(leaf), seq: leaf.stateSeq, ts: world.mono, link: 'online' };
  world.leaf = leaf;
  const sent: Sent = { path: 'l', channel: 'state', value, turns: 0 };
  world.low = { ...world.low, states: [...world.low.states, sent] };
}

export function beatLeaf(world: World): void {
  const leaf = { ...world.leaf, beatSeq: world.leaf.beatSeq + 1 };
  world.leaf = leaf;
  if (world.low.up === 0) return;
  const { beatSeq: seq, stateSeq } = leaf;
  const value: Heartbeat = { ...leafFacts(leaf), seq, stateSeq, ts: world.mono, interval: 1 };
  const sent: Sent = { path: 'l', channel: 'hb', value, turns: 0 };
  world.low = { ...world.low, beats: [...world.low.beats, sent] };
}

/** What is on the wire can arrive, also of one that has died since. */
export const flows = (side: Side, world: World): boolean => {
  const { cut, open, up } = side.line(world);
  return !cut && open !== 0 && open === up && awake(side.parent(world)) && !side.child(world).frozen;
};

/** The parent looks who has fallen silent, and drops their connections: their wills are still to fire. */
export function looks(side: Side, world: World, at: number): void {
  setTime(at);
  const seat = side.own(world);
  for (const gone of seat.expired(at)) {
    const { open, epoch } = side.line(world);
    if (open) side.set(world, { open: 0, late: epoch });
    seat.speakFor(gone, 'lost', 'timeout');
  }
}
