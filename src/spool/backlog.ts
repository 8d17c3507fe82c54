/** What waits to be sent, in order: what was on its way, then the disk, then memory where the disk takes no more. */
import { join } from 'node:path';
import type { Message } from '../../broker/link.js';
import type { News } from './news.js';
import { type Dropped, type Place, readPosition, writePosition } from './position.js';
import { Segments, type Stored } from './segments.js';

export interface BacklogOptions {
  readonly dir: string;
  readonly maxBytes: number;
  readonly now: () => number;
  readonly tell: (news: News) => void;
  /** So many that waited are no more. */
  readonly gone: (count: number) => void;
}

/** One that is to be sent; `settle` when it has arrived. */
export interface Next {
  readonly message: Message;
  readonly settle: () => void;
}

/** Bytes of a file of eight; never less than a page or two, nor more than is read with ease. */
const segmentBytes = (maxBytes: number): number => Math.min(1024 * 1024, Math.max(8192, maxBytes / 8));
interface Ready extends Next {
  readonly end: Place;
}

/** Messages that are not read from the disk, since they have just been written to it. */
const MOST_READY = 256;
/** Messages in memory, where the disk takes none. */
const MOST_IN_MEMORY = 10_000;
/** Milliseconds: between two positions on disk, and between two attempts at a disk that takes nothing. */
const POSITION_MS = 1000;
const RETRY_MS = 100;

export class Backlog {
  private readonly segments: Segments;
  private readonly file: string;
  /** Handed out, and back: sent again before all else. */
  private again: Next[] = [];
  /** In memory already, in order before what is only on disk. */
  private ready: Ready[] = [];
  private memory: Message[] = [];
  private cursor: Place;
  private sent: Place;
  private dropped: Dropped | null;
  private timer: NodeJS.Timeout | null = null;
  /** The disk did not take the last that it was given. */
  private isFailing = false;
  /** Until it is asked again: what waits in memory goes with whoever is killed. */
  private retry: NodeJS.Timeout | null = null;

  constructor(private readonly options: BacklogOptions) {
    const { dir, maxBytes, now, tell } = options;
    this.file = join(dir, 'position.json');
    const { place, dropped } = readPosition(this.file);
    this.dropped = dropped;
    this.cursor = place;
    this.sent = place;
    this.segments = new Segments(dir, segmentBytes(maxBytes));
    this.segments.open(place, now(), tell);
  }

  /** Messages that wait, those handed out not included. */
  get left(): number {
    return this.again.length + this.ready.length + this.segments.unread + this.memory.length;
  }
  get bytes(): number {
    return this.segments.bytes;
  }

  add(message: Message): void {
    this.memory.push(message);
    if (this.retry === null) this.toDisk();
    if (this.memory.length > MOST_IN_MEMORY && this.memory.shift()) this.drop(1);
  }

  private toDisk(): void {
    const { dir, tell } = this.options;
    this.retry = null;
    if (this.memory.length === 0) return;
    try {
      for (; this.memory[0]; this.memory.shift()) this.store(this.memory[0]);
      if (this.isFailing) tell({ code: 'spool-writable', reason: `${dir} takes messages again` });
      this.isFailing = false;
      this.makeRoom();
    } catch (error) {
      const reason = `${dir} takes no messages (${(error as Error).message}): ${MOST_IN_MEMORY} are kept in memory until it does`;
      if (!this.isFailing) tell({ code: 'spool-unwritable', reason });
      this.isFailing = true;
      this.retry = setTimeout(() => this.toDisk(), RETRY_MS).unref();
    }
  }

  private store(message: Message): void {
    const end = this.segments.append(message);
    if (this.ready.length >= MOST_READY || this.segments.unread !== 1) return;
    this.segments.wasRead(end, 1);
    this.cursor = end;
    this.ready.push(this.readyOf(message, end));
  }

  next(): Next | null {
    const again = this.again.shift();
    if (again) return again;
    while (this.ready.length === 0 && this.segments.unread > 0) this.ready = this.read();
    const ready = this.ready.shift();
    if (ready) return ready;
    const message = this.memory.shift();
    return message ? { message, settle: () => {} } : null;
  }

  /** They were handed out and have not arrived. */
  back(next: readonly Next[]): void {
    this.again = [...next, ...this.again];
  }

  /** In all, since it was last told. */
  tellDropped(): void {
    if (this.dropped === null) return;
    const { count, since } = this.dropped;
    this.dropped = null;
    this.keepPosition();
    const reason = `the oldest ${count} messages since ${new Date(since).toISOString()} were dropped: ${FULL}`;
    this.options.tell({ code: 'spool-full', reason, count });
  }

  close(): void {
    this.toDisk();
    for (const timer of [this.timer, this.retry]) if (timer) clearTimeout(timer);
    this.keepPosition();
    this.segments.close();
  }

  private read(): Ready[] {
    const stored = this.stored();
    const last = stored.at(-1);
    if (!last) {
      const count = this.segments.giveUp(this.cursor);
      this.options.tell({ code: 'spool-damaged', reason: `${count} messages can't be read any more`, count });
      this.options.gone(count);
      return [];
    }
    this.cursor = last.end;
    this.segments.wasRead(last.end, stored.length);
    return stored.map(({ message, end }) => this.readyOf(message, end));
  }

  private stored(): Stored[] {
    try {
      return this.segments.read(this.cursor);
    } catch {
      return [];
    }
  }

  private readyOf(message: Message, end: Place): Ready {
    return { message, end, settle: () => this.arrived(message, end) };
  }

  private arrived({ retain, payload }: Message, end: Place): void {
    this.segments.sent(end);
    this.sent = end;
    // To forget a node a second time would take away what has come of it since.
    if (retain && payload.length === 0) this.keepPosition();
    else this.timer ??= setTimeout(() => this.keepPosition(), POSITION_MS);
  }

  private keepPosition(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const { sent: place, dropped } = this;
    if (place.segment > 0 || dropped) writePosition(this.file, { place, dropped });
  }

  private makeRoom(): void {
    let count = 0;
    while (this.segments.bytes > this.options.maxBytes) {
      const gone = this.segments.dropOldest();
      if (!gone) break;
      const kept = this.ready.filter(({ end }) => end.segment !== gone.id);
      count += gone.unread + this.ready.length - kept.length;
      this.ready = kept;
    }
    if (count > 0) this.drop(count);
  }

  private drop(count: number): void {
    const { now, tell, gone } = this.options;
    if (!this.dropped) tell({ code: 'spool-full', reason: `the oldest messages go: ${FULL}`, count });
    this.dropped = { count: (this.dropped?.count ?? 0) + count, since: this.dropped?.since ?? now() };
    this.keepPosition();
    gone(count);
  }
}

const FULL = 'the spool is full (spool_max_bytes)';
