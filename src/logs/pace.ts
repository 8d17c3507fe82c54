/** When to look at files that grow: at once while they seldom do, in a rhythm while they do all the time. */
import { type FSWatcher, watch } from 'node:fs';

/** Milliseconds between two looks while busy: while there is little at a time, and while there is much. */
const BUSY_MS = 20;
const MUCH_MS = 40;
/** Bytes that are sent on as they are, without waiting for more: as much as a chunk holds. */
const MUCH = 64 * 1024;
/** So many looks that find nothing make it idle again. */
const QUIET_LOOKS = 50;
/** So many changes within a time (ms) make it busy: from there on a look costs less than being told. */
const OFTEN = 20;
const OFTEN_MS = 400;
/** Milliseconds between two looks where nobody tells (no watch to be had). */
const BLIND_MS = 250;

export interface Look {
  readonly lines: boolean;
  /** Of them. */
  readonly bytes: number;
  readonly more: boolean;
}

export class Pace {
  private watcher: FSWatcher | null = null;
  private timer: NodeJS.Timeout | null = null;
  private soon: NodeJS.Immediate | null = null;
  private quiet = 0;
  private told = 0;
  private since = 0;
  private stopped = true;

  constructor(
    private readonly dir: string,
    private readonly look: () => Look,
  ) {}

  /** Begins with a look, but not before whoever is at work now is done. */
  start(): void {
    this.stopped = false;
    this.next();
  }

  stop(): void {
    this.stopped = true;
    this.unwatch();
    if (this.timer) clearTimeout(this.timer);
    if (this.soon) clearImmediate(this.soon);
    this.timer = null;
    this.soon = null;
  }

  /** A look in the next turn of the loop. */
  next(): void {
    if (this.stopped) return;
    this.soon ??= setImmediate(() => {
      this.soon = null;
      this.turn();
    });
  }

  private turn(): void {
    if (this.stopped) return;
    const { lines, more } = this.look();
    if (more) return this.next();
    if (this.timer) return; // it looks again anyway
    if (this.watcher === null) {
      // What came before the watch began nobody tells of.
      this.idle();
      if (this.watcher !== null) return this.next();
    }
    if (lines) this.quiet = 0;
  }

  private idle(): void {
    try {
      this.watcher = watch(this.dir, () => this.changed());
      this.watcher.unref();
      this.watcher.on('error', () => this.blind());
    } catch {
      this.blind();
    }
  }

  private changed(): void {
    const now = performance.now();
    if (now - this.since > OFTEN_MS) {
      this.since = now;
      this.told = 0;
    }
    this.told += 1;
    if (this.told >= OFTEN) this.busy();
    else if (this.soon === null) this.turn();
  }

  private busy(): void {
    this.unwatch();
    this.quiet = 0;
    this.told = 0;
    this.rhythm(BUSY_MS);
  }

  private blind(): void {
    this.unwatch();
    this.rhythm(BLIND_MS);
  }

  private rhythm(ms: number): void {
    if (this.timer || this.stopped) return;
    this.timer = setTimeout(() => this.beat(ms), ms);
    this.timer.unref();
  }

  private beat(ms: number): void {
    this.timer = null;
    const { lines, bytes, more } = this.look();
    this.quiet = lines ? 0 : this.quiet + 1;
    if (ms !== BLIND_MS && this.quiet >= QUIET_LOOKS) return this.next();
    this.rhythm(ms === BLIND_MS ? ms : bytes >= MUCH ? MUCH_MS : BUSY_MS);
    if (more) this.next();
  }

  private unwatch(): void {
    this.watcher?.close();
    this.watcher = null;
  }
}
