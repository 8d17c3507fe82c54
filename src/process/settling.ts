/**
 * Targets of a starter of many, from the moment they are about to begin until each leads its own group: before that a signal
 * would miss the group, and by then it has those back that a shell in the background ignores. One look for all of them.
 */
import { groupOf } from './stat.js';

/** Milliseconds between two looks: a target takes a few of them. And so many looks until it is let go as it is. */
const LOOK_MS = 8;
const LOOKS = 100;

interface Waiting {
  readonly token: string;
  readonly pid: number;
  readonly group: number;
  looks: number;
  readonly settled: () => void;
}

export class Settling {
  private waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | null = null;

  add(token: string, pid: number, group: number, settled: () => void): void {
    this.waiting.push({ token, pid, group, looks: 0, settled });
    this.timer ??= setTimeout(() => this.look(), LOOK_MS);
  }

  /** It has ended meanwhile. */
  release(token: string): void {
    for (const one of this.waiting.filter(it => it.token === token)) this.settle(one);
  }

  private look(): void {
    this.timer = null;
    for (const one of [...this.waiting]) {
      const now = groupOf(one.pid);
      one.looks += 1;
      if (now === one.group || now === null || one.looks > LOOKS) this.settle(one);
    }
    if (this.waiting.length > 0) this.timer = setTimeout(() => this.look(), LOOK_MS);
  }

  private settle(one: Waiting): void {
    this.waiting = this.waiting.filter(it => it !== one);
    one.settled();
  }
}
