/** Nodes that were forgotten while a hop on the way to them was away. Pure. */
import { ancestors } from '../core/names.js';
import type { Grave } from './roster/lines.js';

export class Graves {
  /** Those in a grave that were heard live since: they are simply new. */
  private readonly alive = new Set<string>();

  constructor(private readonly graves: ReadonlyMap<string, Grave>) {}

  get size(): number {
    return this.graves.size;
  }

  /** Whether a state of this epoch is from before the node, or one above it, was forgotten. */
  holds(path: string, epoch: number): boolean {
    if (this.graves.size === 0 || this.alive.has(path)) return false;
    const grave = this.over(path);
    return grave !== undefined && epoch <= grave.epoch;
  }

  /** It was heard live. */
  lives(path: string): void {
    if (this.over(path)) this.alive.add(path);
    if (this.alive.size > MOST_ALIVE) this.alive.clear();
  }

  /** Whether there is one below this name. */
  below(name: string): boolean {
    return this.under(name).length > 0;
  }

  under(name: string): Grave[] {
    return [...this.graves.values()].filter(({ path }) => path.startsWith(`${name}/`));
  }

  private over(path: string): Grave | undefined {
    const own = this.graves.get(path);
    if (own) return own;
    for (const above of ancestors(path)) {
      const grave = this.graves.get(above);
      if (grave) return grave;
    }
    return undefined;
  }
}

const MOST_ALIVE = 50_000;
