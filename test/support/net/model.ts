/** What each observer of a tree could know at a time, from what was done to it; and what it said that it could not. Pure. */

/** Something was out of order from `from` to `to` (ms; Infinity while it lasts). */
export interface Fault {
  /** A node that is dead or frozen, or the line between a node and its parent. */
  readonly what: 'node' | 'line';
  readonly name: string;
  readonly from: number;
  to: number;
  /** It may let something pass now and then. */
  readonly partly?: boolean;
}

export interface Look {
  readonly observer: string;
  readonly at: number;
  /** Status by path, relative to the observer. */
  readonly seen: Readonly<Record<string, string>>;
}

export interface World {
  /** The parent of each node but the root. */
  readonly parents: Readonly<Record<string, string>>;
  readonly faults: readonly Fault[];
  /** Milliseconds after which nothing that is not heard counts as up. */
  readonly boundMs: number;
  /** Milliseconds after the last fault after which all must be as it is. */
  readonly healedMs: number;
}

/** From a node up to below the observer; its name is the last segment of its path. */
function hops({ parents }: World, observer: string, name: string): string[] {
  const found: string[] = [];
  for (let at = name; at !== observer; at = parents[at] as string) found.push(at);
  return found;
}

const touches = (fault: Fault, from: number, to: number): boolean => fault.from <= to && fault.to >= from;

/** Faults that keep what a node says from an observer. */
function between(world: World, observer: string, name: string): Fault[] {
  const path = new Set(hops(world, observer, name));
  return world.faults.filter(fault => path.has(fault.name));
}

/** Whether there was a moment from `from` to `to` at which none of the faults held. */
function wasFree(faults: readonly Fault[], from: number, to: number): boolean {
  let covered = from;
  for (const fault of faults.filter(it => !it.partly).toSorted((a, b) => a.from - b.from)) {
    if (fault.from > covered) return true;
    covered = Math.max(covered, fault.to);
  }
  return covered < to;
}

function wrong(world: World, { observer, at }: Look, path: string, status: string): string | null {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (status === 'up' && !wasFree(between(world, observer, name), at - world.boundMs, at))
    return `up, and nothing of it can have come through for ${world.boundMs} ms`;
  const own = world.faults.filter(fault => fault.name === name);
  if (status === 'down' && !own.some(fault => touches(fault, at - world.healedMs, at)))
    return 'down, and it was at most hidden';
  return null;
}

/** Every verdict that its observer could not hold. `began`: ms by which all was well. */
export function breaches(world: World, looks: readonly Look[]): string[] {
  const last = Math.max(...world.faults.map(fault => fault.from));
  return looks.flatMap(look =>
    Object.entries(look.seen).flatMap(([path, status]) => {
      if (path === '') return [];
      const what = wrong(world, look, path, status);
      return what === null
        ? []
        : [
            `${look.at - last} ms after the last fault began: ${look.observer} says ${path} is ${status}: ${what}`,
          ];
    }),
  );
}
