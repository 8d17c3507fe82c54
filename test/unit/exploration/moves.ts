/** What can happen next in a world, and its happening. */
import type { Origin } from '../../../broker/rules.js';
import type { Heartbeat, State } from '../../../src/protocol/payloads.js';
import { Seat, type Sent, SWEEP_MS } from './seat.js';
import { INTERVAL_MS, setTime } from './time.js';
import type { Leaf, Line, World } from './world.js';

export interface Move {
  readonly name: string;
  can(world: World): boolean;
  make(world: World): void;
}

const origin = (name: string, via: Origin['via'] = 'publish'): Origin => ({
  clientId: name,
  identity: { name, instance: name },
  who: null,
  via,
});

const awake = (seat: Seat): boolean => seat.alive && !seat.frozen;

/** It has left a ping unanswered. */
const isMute = (seat: Seat, mono: number): boolean => seat.frozen && mono > seat.turnedAt;

/** The two lines, by what differs. */
interface Side {
  readonly name: 'l' | 'm';
  line(world: World): Line;
  set(world: World, line: Partial<Line>): void;
  child(world: World): { readonly alive: boolean; readonly epoch: number; readonly frozen?: boolean };
  parent(world: World): Seat;
  own(world: World): Seat;
  will(world: World, epoch: number): State;
  connected(world: World): void;
}

const LOW: Side = {
  name: 'l',
  line: world => world.low,
  set: (world, line) => void (world.low = { ...world.low, ...line }),
  child: world => world.leaf,
  parent: world => world.m,
  own: world => world.ownM,
  will: (world, epoch) => ({ ...LAST_WORDS, epoch, ts: world.mono, kind: 'leaf', app: 'l' }),
  connected: world => tellLeaf(world),
};
const HIGH: Side = {
  name: 'm',
  line: world => world.high,
  set: (world, line) => void (world.high = { ...world.high, ...line }),
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

function tellLeaf(world: World): void {
  const leaf = { ...world.leaf, stateSeq: world.leaf.stateSeq + 1 };
  const value: State = { ...leafFacts(leaf), seq: leaf.stateSeq, ts: world.mono, link: 'online' };
  world.leaf = leaf;
  const sent: Sent = { path: 'l', channel: 'state', value, turns: 0 };
  world.low = { ...world.low, states: [...world.low.states, sent] };
}

function beatLeaf(world: World): void {
  const leaf = { ...world.leaf, beatSeq: world.leaf.beatSeq + 1 };
  world.leaf = leaf;
  if (world.low.up === 0) return;
  const { beatSeq: seq, stateSeq } = leaf;
  const value: Heartbeat = { ...leafFacts(leaf), seq, stateSeq, ts: world.mono, interval: 1 };
  const sent: Sent = { path: 'l', channel: 'hb', value, turns: 0 };
  world.low = { ...world.low, beats: [...world.low.beats, sent] };
}

/** What is on the wire can arrive, also of one that has died since. */
const flows = (side: Side, world: World): boolean => {
  const { cut, open, up } = side.line(world);
  return !cut && open !== 0 && open === up && awake(side.parent(world)) && !side.child(world).frozen;
};

function movesOf(side: Side): Move[] {
  const { line, set, child, parent, own, name } = side;
  const arrives = (channel: 'beats' | 'states', at: (line: Line) => number): Move => ({
    name: `${name} ${channel} arrive`,
    can: world => flows(side, world) && line(world)[channel].length > at(line(world)),
    make: world => {
      const now = line(world);
      const sent = now[channel][at(now)] as Sent;
      if (channel === 'beats') set(world, { beats: now.beats.slice(1) });
      else set(world, { delivered: now.delivered + 1 });
      own(world).receive(sent, origin(name));
    },
  });
  return [
    arrives('states', ({ delivered }) => delivered),
    arrives('beats', () => 0),
    {
      name: `${name} notices`,
      can: world => {
        const { up, open, cut } = line(world);
        const isGone = cut || up !== open || !parent(world).alive || isMute(parent(world), world.mono);
        return child(world).alive && !child(world).frozen && up !== 0 && isGone;
      },
      make: world => set(world, { up: 0, beats: [], delivered: 0 }),
    },
    {
      name: `${name} will`,
      can: world => {
        const { late, open, up, cut } = line(world);
        const isGone = !child(world).alive || up !== open || cut || (child(world).frozen ?? false);
        return awake(parent(world)) && (late !== 0 || (open !== 0 && isGone));
      },
      make: world => {
        const { late, open, epoch, up, cut } = line(world);
        if (late) set(world, { late: 0 });
        else set(world, { open: 0, ...(up === open && { beats: [] }) });
        const via = late || !cut ? 'will' : 'keepalive';
        const value = side.will(world, late || epoch);
        own(world).receive({ path: name, channel: 'state', value, turns: 0 }, origin(name, via));
      },
    },
    {
      name: `${name} connects`,
      can: world => {
        const { cut, up, late } = line(world);
        const { alive, frozen } = child(world);
        return alive && !frozen && !cut && up === 0 && late === 0 && awake(parent(world));
      },
      make: world => {
        const { open, epoch } = line(world);
        const id = ++world.connections;
        const now = { up: id, open: id, epoch: child(world).epoch, late: open ? epoch : 0 };
        set(world, { ...now, beats: [], delivered: 0, snapshot: name === 'm' });
        side.connected(world);
      },
    },
    { name: `${name} cut`, can: world => !line(world).cut, make: world => set(world, { cut: true }) },
    { name: `${name} healed`, can: world => line(world).cut, make: world => set(world, { cut: false }) },
    {
      name: `${parent === LOW.parent ? 'm' : 'r'} looks`,
      can: world => awake(parent(world)) && parent(world).sweepDue,
      make: world => {
        const seat = own(world);
        seat.sweepDue = false;
        looks(side, world, world.mono);
        seat.tick();
      },
    },
  ];
}

const leafMoves: Move[] = [
  {
    name: 'l changes',
    can: ({ leaf }) => leaf.alive,
    make: world => {
      world.leaf = { ...world.leaf, version: world.leaf.version + 1 };
      tellLeaf(world);
    },
  },
  {
    name: 'l killed',
    can: ({ leaf }) => leaf.alive,
    make: world => void (world.leaf = { ...world.leaf, alive: false }),
  },
  {
    name: 'l starts',
    can: ({ leaf }) => !leaf.alive,
    make: world => {
      world.leaf = { alive: true, epoch: world.leaf.epoch + 1, stateSeq: 0, beatSeq: 0, version: 2 };
      LOW.set(world, { up: 0, beats: [], states: [], delivered: 0 });
    },
  },
];

/** A parent that died has no connections, and its children's are broken. */
const seatMoves = (side: Side, name: string, step: number): Move[] => [
  {
    name: `${name} killed`,
    can: world => awake(side.parent(world)),
    make: world => {
      side.own(world).alive = false;
      side.set(world, { open: 0, late: 0 });
      if (name === 'm') HIGH.set(world, { snapshot: false });
    },
  },
  {
    name: `${name} starts`,
    can: world => !side.parent(world).alive,
    make: world => {
      const { kind, epoch } = side.parent(world);
      if (name === 'm') HIGH.set(world, { up: 0, beats: [], delivered: 0 });
      world.replace(Seat.start(kind, epoch + step, side.parent(world)));
    },
  },
];

const freezing: Move[] = [
  {
    name: 'm frozen',
    can: ({ m }) => awake(m),
    make: world => void Object.assign(world.ownM, { frozen: true, turnedAt: world.mono }),
  },
  {
    name: 'm thawed',
    can: ({ m }) => m.alive && m.frozen,
    make: world => {
      Object.assign(world.ownM, { frozen: false, sweepDue: true, turnedAt: world.mono });
    },
  },
];

const isSettled = (side: Side, world: World): boolean => {
  const { beats, late } = side.line(world);
  return !(late !== 0 && awake(side.parent(world))) && !(flows(side, world) && beats.length > 0);
};

/** What comes straight has come within an interval; only what a relay has kept may take longer. */
const tick: Move = {
  name: 'tick',
  can: world =>
    isSettled(LOW, world) &&
    isSettled(HIGH, world) &&
    !(flows(LOW, world) && world.low.states.length > world.low.delivered) &&
    !(awake(world.m) && world.m.sweepDue) &&
    !(awake(world.r) && world.r.sweepDue),
  make: world => {
    for (const side of [LOW, HIGH]) {
      if (!flows(side, world)) continue;
      const { states, delivered } = side.line(world);
      side.set(world, { states: states.slice(delivered), delivered: 0 });
    }
    const { snapshot, states } = world.high;
    if (snapshot && states.length === 0 && flows(HIGH, world)) {
      world.ownM.said.push(...world.m.retained.values());
      HIGH.set(world, { snapshot: false });
    }
    // Whoever is awake has looked all the time.
    for (let at = world.mono + SWEEP_MS; at < world.mono + INTERVAL_MS; at += SWEEP_MS)
      for (const side of [LOW, HIGH]) if (awake(side.parent(world))) looks(side, world, at);
    world.mono += INTERVAL_MS;
    setTime(world.mono);
    if (world.leaf.alive) beatLeaf(world);
    for (const { parent, own } of [LOW, HIGH]) {
      if (!awake(parent(world))) continue;
      const seat = own(world);
      seat.heartbeat();
      seat.sweepDue = true;
    }
  },
};

/** The parent looks who has fallen silent, and drops their connections: their wills are still to fire. */
function looks(side: Side, world: World, at: number): void {
  setTime(at);
  const seat = side.own(world);
  for (const gone of seat.expired(at)) {
    const { open, epoch } = side.line(world);
    if (open) side.set(world, { open: 0, late: epoch });
    seat.speakFor(gone, 'lost', 'timeout');
  }
}

export const MOVES: readonly Move[] = [
  ...movesOf(LOW),
  ...movesOf(HIGH),
  ...leafMoves,
  ...seatMoves(LOW, 'm', 1000),
  ...seatMoves(HIGH, 'r', 1_000_000),
  ...freezing,
  tick,
];
