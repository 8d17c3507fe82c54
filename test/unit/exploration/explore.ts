/** Every world that can be reached in so many moves, each once, and from each the fair way on to the truth. */
import { Breach } from './breach.js';
import { keyOf } from './key.js';
import { MOVES, type Move } from './moves.js';
import { after, fairMove, move, Settling } from './settling.js';
import { setTime } from './time.js';
import { World } from './world.js';

/** All that comes of itself until the next tick, as one move: so that outages last. */
const INTERVAL: Move = { name: 'an interval', can: () => true, make: () => {} };

function interval(world: World): World {
  for (let next = world; ; ) {
    setTime(next.mono);
    const made = fairMove(next, false);
    next = after(next, made);
    if (made.name === 'tick') return next;
  }
}

interface Found {
  readonly worlds: number;
  readonly perDepth: readonly number[];
  readonly longest: number;
}

interface Place {
  readonly world: World;
  readonly key: string;
}

export class Exploration {
  private readonly ways = new Map<string, { readonly before: string | null; readonly by: string }>();
  private readonly settlings: readonly Settling[];
  private readonly moves: readonly Move[];

  /** `allowed`: names of the moves that are made. `most`: intervals in which the truth is to be reached. */
  constructor(allowed: (name: string) => boolean, most: number) {
    this.moves = [...MOVES, INTERVAL].filter(({ name }) => allowed(name));
    this.settlings = [new Settling(false, most), new Settling(true, most)];
  }

  /** @throws Breach with the moves that lead to it */
  from(start: World, depth: number): Found {
    let edge = this.enter({ world: start, key: keyOf(start) }, null, 'start');
    const perDepth = [edge.length];
    for (let made = 0; made < depth; made++) {
      edge = edge.flatMap(place => this.on(place));
      perDepth.push(edge.length);
    }
    const longest = Math.max(...this.settlings.map(({ longest }) => longest));
    return { worlds: this.ways.size, perDepth, longest };
  }

  private on({ world, key }: Place): Place[] {
    return this.moves.flatMap(move => {
      setTime(world.mono);
      if (!move.can(world)) return [];
      const make = () => (move === INTERVAL ? interval(world) : after(world, move));
      const reached = this.trying(key, move.name, make);
      return this.enter({ world: reached, key: keyOf(reached) }, key, move.name);
    });
  }

  /** Nothing where it is known already. */
  private enter(place: Place, before: string | null, by: string): Place[] {
    const { world, key } = place;
    if (this.ways.has(key)) return [];
    this.ways.set(key, { before, by });
    for (const settling of this.settlings) this.trying(key, '(fairly on)', () => settling.from(world, key));
    return [place];
  }

  private wayTo(key: string): string[] {
    const way: string[] = [];
    for (let found = this.ways.get(key); found; found = this.ways.get(found.before ?? ''))
      way.unshift(found.by);
    return way;
  }

  private trying<T>(key: string, what: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (error instanceof Breach) error.message += `\n  after: ${[...this.wayTo(key), what].join(', ')}`;
      throw error;
    }
  }
}

/** All there and known, for so long that nothing is new any more. */
export function settled(): World {
  let world = World.begin();
  for (let ticks = 0; ticks < 12; ) {
    const next = fairMove(world, true);
    world = after(world, next);
    if (next.name === 'tick') ticks += 1;
  }
  world.ghost = { ...world.ghost, touched: false };
  return world;
}

/** A settled tree after these moves, by their names. */
export function reached(...names: readonly string[]): World {
  let world = settled();
  for (const name of names) {
    setTime(world.mono);
    if (name !== INTERVAL.name && !move(name).can(world)) throw new Error(`"${name}" can't happen there`);
    world = name === INTERVAL.name ? interval(world) : after(world, move(name));
  }
  return world;
}

/** The relay is back, and so are the heartbeats of a leaf to which this happened; what it has kept meanwhile is still to be sent. */
const backlogged = (...what: readonly string[]): World =>
  reached(
    ...['m cut', 'an interval', 'an interval', 'an interval', ...what, 'l states arrive'],
    ...['l changes', 'l changes', 'l states arrive', 'l states arrive'],
    ...['m healed', 'm connects', 'm beats arrive', 'm looks', 'r looks', 'tick', 'l beats arrive'],
  );
export const restarted = (): World => backlogged('l killed', 'l will', 'l starts', 'l connects');
export const cutOff = (): World => backlogged('l cut', 'l notices', 'l will', 'l healed', 'l connects');

const intervals = (count: number): string[] => new Array(count).fill(INTERVAL.name);
/** A leaf has died behind a cut line that is just healed; a relay has died while the root was away. */
export const diedHidden = (): World =>
  reached('m cut', ...intervals(3), 'l killed', ...intervals(4), 'm healed', 'm connects');
export const diedUnseen = (): World => reached('r killed', 'm killed', ...intervals(5));
