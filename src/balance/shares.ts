/** How many instances each unit is to have, so that they add up to the count that was asked for. */
import { type Candidate, choose, type Strategy } from './choose.js';
import type { Unit } from './units.js';

export interface Share {
  readonly unit: Unit;
  /** Instances that it is to have from now on. */
  readonly count: number;
  /** Of those, started now. */
  readonly added: number;
}

/** Whether a unit is not as its share has it. */
export const isChange = ({ unit, count, added }: Share): boolean =>
  added > 0 || count < unit.running + unit.ailing;

export interface Shares {
  readonly shares: readonly Share[];
  /** Instances asked for that there is no slot for. */
  readonly missing: number;
  /** Instances too many that may not be touched (maintenance, late). */
  readonly surplus: number;
}

/**
 * Starts where the strategy says; stops at its opposite. An instance that fails is kept only for want of another: it may get well,
 * and is none too many until there are enough without it. Never starts in or stops a held one.
 */
export function sharesOf(
  units: readonly Unit[],
  wanted: number,
  strategy: Strategy,
  random: () => number,
): Shares {
  const running = total(units, unit => unit.running);
  return wanted >= running
    ? grow(units, wanted - running, strategy, random)
    : shrink(units, running - wanted, strategy);
}

function grow(units: readonly Unit[], more: number, strategy: Strategy, random: () => number): Shares {
  const added = tally(choose(units.map(asStart), more, strategy, { sampled: random }));
  const lacking = more - total(units, unit => added.get(unit.path) ?? 0);
  const kept = tally(choose(units.map(asAiling), lacking, 'spread'));
  const shares = units.map(unit => {
    const here = added.get(unit.path) ?? 0;
    return { unit, count: unit.running + here + (kept.get(unit.path) ?? 0), added: here };
  });
  return { shares, missing: lacking, surplus: 0 };
}

function shrink(units: readonly Unit[], fewer: number, strategy: Strategy): Shares {
  const taken = tally(choose(units.map(asStop), fewer, OPPOSITE[strategy], { change: -1 }));
  const shares = units.map(unit => ({ unit, count: unit.running - (taken.get(unit.path) ?? 0), added: 0 }));
  return { shares, missing: 0, surplus: fewer - total(units, unit => taken.get(unit.path) ?? 0) };
}

/** Where instances are taken from, for each way of placing them. */
const OPPOSITE: Readonly<Record<Strategy, Strategy>> = {
  'least-loaded': 'most-loaded',
  'most-loaded': 'least-loaded',
  spread: 'pack',
  pack: 'spread',
};

const asStart = ({ path, startLoad, free, running, step }: Unit): Candidate => ({
  key: path,
  load: startLoad,
  room: free,
  count: running,
  step,
});
const asAiling = ({ path, startLoad, ailing, step }: Unit): Candidate => ({
  key: path,
  load: startLoad,
  room: ailing,
  count: 0,
  step,
});
/** What is stopped makes its place less loaded. */
const asStop = ({ path, stopLoad, running, held, step }: Unit): Candidate => ({
  key: path,
  load: stopLoad,
  room: running - held,
  count: running,
  step: -step,
});

const total = (units: readonly Unit[], of: (unit: Unit) => number): number =>
  units.reduce((sum, unit) => sum + of(unit), 0);

function tally(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
