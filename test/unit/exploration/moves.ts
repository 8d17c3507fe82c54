/** What can happen next in a world, and its happening. */
import type { Sent } from './insides.js';
import { Seat, SWEEP_MS } from './seat.js';
import { awake, beatLeaf, flows, HIGH, isMute, LOW, looks, origin, type Side, tellLeaf } from './sides.js';
import { INTERVAL_MS, setTime } from './time.js';
import type { Line, World } from './world.js';

export interface Move {
  readonly name: string;
  can(world: World): boolean;
  make(world: World): void;
}

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
    make: world => {
      world.leaf = { ...world.leaf, alive: false };
    },
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

export const MOVES: readonly Move[] = [
  ...movesOf(LOW),
  ...movesOf(HIGH),
  ...leafMoves,
  ...seatMoves(LOW, 'm', 1000),
  ...seatMoves(HIGH, 'r', 1_000_000),
  ...freezing,
  tick,
];
