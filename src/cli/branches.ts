/** A tree as lines with stems, for `canopy up` and `canopy tree`. */
export interface Branch<T> {
  readonly stem: string;
  readonly item: T;
}

export function branches<T>(
  item: T,
  childrenOf: (item: T) => readonly T[],
  stem = '',
  below = '',
): Branch<T>[] {
  const children = childrenOf(item);
  const lines = children.flatMap((child, index) => {
    const last = index === children.length - 1;
    return branches(child, childrenOf, below + (last ? '└─ ' : '├─ '), below + (last ? '   ' : '│  '));
  });
  return [{ stem, item }, ...lines];
}
