/** One log as all its followers at this node share it: one stream from below, however many they are. */
import type { LogQuery, LogSource } from '../core/log-lines.js';
import { Waiters } from '../core/waiters.js';
import { RING_BYTES } from './limits.js';
import { Ring, type RingItem } from './ring.js';

/** What a seat says of an item that is not there any more. */
export const FALLEN_OUT = Symbol('fallen out');

export class Live {
  readonly ring: Ring;
  private readonly seats = new Set<Seat>();
  private readonly cut = new AbortController();
  private readonly waiters = new Waiters();
  failure: Error | null = null;

  /** Begins behind `floor`. `onEnd`: nobody can join any more. */
  constructor(
    source: LogSource,
    floor: number,
    private readonly onEnd: () => void,
  ) {
    this.ring = new Ring(floor);
    void this.pump(source, { after: floor, follow: true });
  }

  get followers(): number {
    return this.seats.size;
  }

  /** For one who has all lines up to this one; null where too many have come since. */
  join(seq: number): Seat | null {
    if (seq < this.ring.floor || this.cut.signal.aborted) return null;
    const seat = new Seat(this, this.ring.first);
    this.seats.add(seat);
    this.changed();
    return seat;
  }

  leave(seat: Seat): void {
    this.seats.delete(seat);
    this.changed();
    if (this.seats.size === 0) this.end();
  }

  /** Something has come, gone or been read. */
  changed(): void {
    this.waiters.wake();
  }

  change(cut: AbortSignal): Promise<void> {
    return this.waiters.next(cut);
  }

  private async pump(source: LogSource, query: LogQuery): Promise<void> {
    const { signal } = this.cut;
    try {
      for await (const item of source.read(query, signal)) {
        if (item.kind === 'end') continue;
        this.ring.add(item);
        this.changed();
        // Nobody reads as fast as this comes: then it comes as fast as the quickest reads.
        while (!signal.aborted && this.lead() > RING_BYTES / 2) await this.change(signal);
      }
    } catch (error) {
      this.failure = error as Error;
    }
    this.end();
  }

  /** Bytes that even the quickest has not read yet. */
  private lead(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const seat of this.seats) least = Math.min(least, this.ring.after(seat.next));
    return least === Number.POSITIVE_INFINITY ? 0 : least;
  }

  private end(): void {
    if (this.cut.signal.aborted) return;
    this.cut.abort();
    this.onEnd();
    this.changed();
  }
}

export class Seat {
  constructor(
    private readonly live: Live,
    /** The number of the item to read next. */
    public next: number,
  ) {}

  /** Null when it was cut; throws what ended the stream. */
  async item(cut: AbortSignal): Promise<RingItem | typeof FALLEN_OUT | null> {
    const { ring } = this.live;
    for (;;) {
      if (cut.aborted) return null;
      if (this.next < ring.first) return FALLEN_OUT;
      const item = ring.at(this.next);
      if (item) {
        this.next += 1;
        this.live.changed();
        return item;
      }
      if (this.live.failure) throw this.live.failure;
      await this.live.change(cut);
    }
  }

  leave(): void {
    this.live.leave(this);
  }
}
