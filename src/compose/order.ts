/** Who of the leaves of this process is ready, and who waits for them. */

import { lastName, parentOf } from '../core/names.js';
import { blockersOf, type Needs, reversed } from '../core/order.js';
import type { Order } from '../leaf/first-start.js';

export class StartOrder {
  private readonly ready = new Set<string>();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly needs: Needs) {}

  of(path: string): Order {
    return {
      blockers: () =>
        blockersOf(path, this.needs, needed => this.ready.has(needed)).map(needed => shortly(needed, path)),
      watch: listener => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
      ready: now => this.set(path, now),
    };
  }

  /** In reverse: each once all that need it are done, those that need nobody of each other at once. */
  async backwards(paths: readonly string[], stop: (path: string) => Promise<void>): Promise<void> {
    const needing = reversed(this.needs);
    const begun = new Map<string, Promise<void>>();
    const end = (path: string): Promise<void> => {
      const known = begun.get(path);
      if (known) return known;
      const before = (needing.get(path) ?? []).filter(other => paths.includes(other));
      const stopped = Promise.all(before.map(end)).then(() => stop(path));
      begun.set(path, stopped);
      return stopped;
    };
    await Promise.all(paths.map(end));
  }

  private set(path: string, now: boolean): void {
    if (this.ready.has(path) === now) return;
    if (now) this.ready.add(path);
    else this.ready.delete(path);
    for (const listener of [...this.listeners]) listener();
  }
}

const shortly = (path: string, from: string): string =>
  parentOf(path) === parentOf(from) ? lastName(path) : path;
