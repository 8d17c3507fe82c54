/** What the lines of a roster say, one after the other. Pure. */
import { pathProblem } from '../../core/names.js';
import { asEntry, type Entry } from './entry.js';

/** A node that was forgotten while a hop on the way to it was away: what is said of it from before is not believed. */
export interface Grave {
  readonly path: string;
  /** Of this epoch, and older ones. */
  readonly epoch: number;
  /** Wall ms. */
  readonly at: number;
}

export type Line =
  | { readonly v: number }
  | Entry
  | { readonly gone: string }
  | { readonly grave: Grave }
  | { readonly closed: string }
  /** The parent is still to be told that it was forgotten, and was told. */
  | { readonly owed: string }
  | { readonly paid: string };

export const VERSION = 1;

export class Contents {
  readonly nodes = new Map<string, Entry>();
  readonly graves = new Map<string, Grave>();
  readonly owed = new Set<string>();

  constructor(private readonly most: number) {}

  /** @throws Error that says what was found instead of one of ours */
  take(value: unknown): void {
    if (typeof value !== 'object' || value === null) throw new Error('expected an object');
    const line = value as Record<string, unknown>;
    if ('v' in line) return;
    if ('gone' in line) return void this.nodes.delete(path(line.gone));
    if ('owed' in line) return void this.owed.add(path(line.owed));
    if ('paid' in line) return void this.owed.delete(path(line.paid));
    if ('closed' in line) return void this.graves.delete(path(line.closed));
    if ('grave' in line) return void this.bury(line.grave as Grave);
    const entry = asEntry(value);
    if (this.nodes.size < this.most || this.nodes.has(entry.path)) this.nodes.set(entry.path, entry);
  }

  private bury(grave: Grave): void {
    const times = [grave?.epoch, grave?.at];
    if (!times.every(time => Number.isSafeInteger(time))) throw new Error('expected epoch and at of a grave');
    this.graves.set(path(grave.path), grave);
  }

  get size(): number {
    return this.nodes.size + this.graves.size + this.owed.size;
  }

  *lines(): Iterable<Line> {
    yield { v: VERSION };
    yield* this.nodes.values();
    for (const grave of this.graves.values()) yield { grave };
    for (const owed of this.owed) yield { owed };
  }
}

function path(value: unknown): string {
  if (typeof value === 'string' && value !== '' && pathProblem(value) === null) return value;
  throw new Error(`expected a path, found ${JSON.stringify(value)?.slice(0, 100)}`);
}
