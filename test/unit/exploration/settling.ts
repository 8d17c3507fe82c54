/** What comes of itself in a world, and whether that leads to the truth. */
import { breach } from './breach.js';
import { check, untruth, witnessed } from './checks.js';
import { keyOf } from './key.js';
import { MOVES, type Move } from './moves.js';
import { setTime } from './time.js';
import { World } from './world.js';

const named = new Map(MOVES.map(move => [move.name, move]));
export const move = (name: string): Move => named.get(name) as Move;

export function after(world: World, { make }: Move): World {
  setTime(world.mono);
  const next = world.copy();
  make(next);
  next.said();
  next.ghost = witnessed(next);
  setTime(next.mono);
  check(next);
  next.m.transitions = [];
  next.r.transitions = [];
  return next;
}

/** What comes of itself, first things first. */
const FAIR = [
  ...['l notices', 'm notices', 'l will', 'm will', 'l states arrive', 'l beats arrive'],
  ...['m states arrive', 'm beats arrive', 'l connects', 'm connects', 'm looks', 'r looks', 'tick'],
].map(move);
const HEALING = ['l healed', 'm healed', 'm thawed', 'r starts', 'm starts', 'l starts'].map(move);

/** A cut line takes no goodbye with it: who is behind it falls silent. */
const isFair = (world: World, { name }: Move): boolean =>
  !(
    (name === 'l will' && world.low.cut && !world.low.late) ||
    (name === 'm will' && world.high.cut && !world.high.late)
  );

export function fairMove(world: World, heals: boolean): Move {
  const moves = heals ? [...HEALING, ...FAIR] : FAIR;
  return moves.find(each => each.can(world) && isFair(world, each)) ?? breach('nothing can happen any more');
}

/** Whether the truth is reached from a world, and in how many intervals; worlds that were asked about before are known. */
export class Settling {
  /** Intervals until nothing untrue is said any more. */
  private readonly known = new Map<string, number>();
  longest = 0;

  constructor(
    private readonly heals: boolean,
    private readonly most: number,
  ) {}

  from(start: World, key: string): void {
    const way: { key: string; isTick: boolean; untrue: string | null }[] = [];
    const seen = new Map<string, number>();
    let [world, at] = [start, key];
    const names: string[] = [];
    while (!this.known.has(at) && !seen.has(at)) {
      seen.set(at, way.length);
      setTime(world.mono);
      const next = fairMove(world, this.heals);
      way.push({ key: at, isTick: next.name === 'tick', untrue: untruth(world) });
      try {
        world = after(world, next);
      } catch (error) {
        (error as Error).message += `\n  on: ${[...names, next.name].join(', ')}\n`;
        throw error;
      }
      names.push(next.name);
      if (names.length > 2000) breach(`it does not settle: ${names.slice(-40).join(', ')}`);
      at = keyOf(world);
    }
    const circle = way.slice(seen.get(at) ?? way.length).find(({ untrue }) => untrue !== null);
    if (circle) breach(`for ever: ${circle.untrue}`);
    let left = this.known.get(at) ?? 0;
    for (const { key: each, isTick, untrue } of way.reverse()) {
      if (left > 0) left += Number(isTick);
      else if (untrue !== null) left = 1;
      if (left > this.most) breach(`not true after ${this.most} intervals; ${untrue}`);
      this.known.set(each, left);
    }
    this.longest = Math.max(this.longest, left);
  }
}
