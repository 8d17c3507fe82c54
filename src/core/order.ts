/** Who waits for whom among leaves that need each other. Pure. */

/** By its path, what each one needs. */
export type Needs = ReadonlyMap<string, readonly string[]>;

export function blockersOf(path: string, needs: Needs, isReady: (path: string) => boolean): string[] {
  return (needs.get(path) ?? []).filter(needed => !isReady(needed));
}

/** The same, seen from the other end: by its path, who needs each one. */
export function reversed(needs: Needs): Needs {
  const needing = new Map<string, string[]>();
  for (const [path, needed] of needs) {
    for (const each of needed) {
      const known = needing.get(each);
      if (known) known.push(path);
      else needing.set(each, [path]);
    }
  }
  return needing;
}

/** Circles that have no leaf in common, until none is left: `[a, b]` where a needs b and b needs a. */
export function circles(needs: Needs): string[][] {
  const found: string[][] = [];
  for (let left = knotted(needs); left.size > 0; left = knotted(left)) {
    const circle = circleIn(left);
    found.push(circle);
    for (const path of circle) left.delete(path);
  }
  return found;
}

/** What is left once all have gone whose needs had gone before: each of them needs another of them. */
function knotted(needs: Needs): Map<string, readonly string[]> {
  const left = new Map(needs);
  const needing = reversed(needs);
  const open = new Map(
    [...needs].map(([path, needed]) => [path, needed.filter(each => needs.has(each)).length]),
  );
  const free = [...needs.keys()].filter(path => open.get(path) === 0);
  for (let path = free.pop(); path !== undefined; path = free.pop()) {
    left.delete(path);
    for (const other of needing.get(path) ?? []) {
      const count = (open.get(other) ?? 0) - 1;
      open.set(other, count);
      if (count === 0) free.push(other);
    }
  }
  return left;
}

/** From one to the next there is always a way on, so that it comes back to where it was. */
function circleIn(knotted: Needs): string[] {
  const way = new Map<string, number>();
  let [at = ''] = knotted.keys();
  while (!way.has(at)) {
    way.set(at, way.size);
    at = knotted.get(at)?.find(each => knotted.has(each)) ?? at;
  }
  return [...way.keys()].slice(way.get(at));
}
