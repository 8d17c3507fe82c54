/**
 * Keeps blocks reserved ahead of where the target writes, so that it does not meet a full disk: we do, and make room for it
 * before it needs any.
 */
import { existsSync, statfsSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { LOG_STREAMS, type LogStream } from '../core/log-lines.js';
import type { Cursor } from './cursor.js';
import { type DataFile, type DataFiles, sizeOf } from './data-files.js';
import type { Keeping } from './keep.js';
import type { StoreNews, StoreOptions } from './options.js';
import { BLOCK, extendReserve, floorTo, LEAST } from './reserve.js';

/** At least, while the disk is full: whoever fills it takes what is given back, so that it has to be tried often. */
const TIGHT = 4 * LEAST;
/** Bytes reserved at most; as much as the target writes in this time (s), where that is more than the least. */
const MOST = 64 * 1024 * 1024;
const AHEAD_S = 1;
/** Of what is kept, no more than that part, but for the least. */
const OF_KEPT = 4;
/** Of a disk, no more than that part for one stream. */
const SHARE = 16;
/** Milliseconds until it is tried again: whether there is room, and when there was none at all. */
const RETRY_MS = 1000;
const PAUSE_MS = 100;

interface Ahead {
  file: DataFile | null;
  /** Offset in the stream up to which blocks are reserved. */
  to: number;
  /** Bytes. */
  want: number;
  seen: number;
  seenAt: number;
  busy: boolean;
  /** ms: a try that failed is not repeated at once. */
  notBefore: number;
}

export class Room {
  /** Not as much could be reserved as there should be. */
  isFull = false;
  private readonly most: number;
  private readonly ahead: Readonly<Record<LogStream, Ahead>> = { stdout: nothing(), stderr: nothing() };
  private retry: NodeJS.Timeout | null = null;
  private isRetry = false;

  constructor(
    { dir, maxBytes }: Pick<StoreOptions, 'dir' | 'maxBytes'>,
    private readonly files: Readonly<Record<LogStream, DataFiles>>,
    private readonly keeping: Keeping,
    private readonly told: (news: StoreNews) => void,
    /** Calls `tend`. */
    private readonly wake: () => void,
  ) {
    const { blocks, bsize } = statfsSync(existsSync(dir) ? dir : dirname(dir));
    const most = Math.min(MOST, (blocks * bsize) / SHARE, Math.max(LEAST, maxBytes / OF_KEPT));
    this.most = Math.max(BLOCK, floorTo(BLOCK, most));
  }

  get isReserved(): boolean {
    return LOG_STREAMS.every(stream => this.ahead[stream].to > 0);
  }

  /** Bytes that are reserved behind this offset. */
  held(stream: LogStream, scanned: number): number {
    const { file, to } = this.ahead[stream];
    return file !== null && file === this.files[stream].last ? Math.max(0, to - scanned) : 0;
  }

  /** Bytes that may be dropped at a time while there is no room. */
  get portion(): number {
    return Math.max(BLOCK, Math.min(LEAST, this.most) / 2);
  }

  /** To be called after every look; does nothing where there is enough. `now` in ms on a clock that is never set. */
  tend(cursors: Readonly<Record<LogStream, Cursor>>, now: number): void {
    for (const stream of LOG_STREAMS) {
      const ahead = this.ahead[stream];
      const file = this.files[stream].last;
      const { scanned } = cursors[stream];
      if (file !== ahead.file) {
        if (ahead.file) release(ahead.file);
        Object.assign(ahead, { file, to: 0, seen: scanned, seenAt: now });
      }
      this.estimate(ahead, scanned, now);
      const isShort = ahead.to - scanned < ahead.want / 2;
      if (!file || ahead.busy || now < ahead.notBefore || !(isShort || this.isRetry)) continue;
      void this.extend(stream, ahead, cursors[stream], isShort);
    }
  }

  /** Nobody writes any more: gives back what was reserved. */
  close(keep: boolean): void {
    if (this.retry) clearTimeout(this.retry);
    this.retry = null;
    if (keep) return;
    for (const { file } of Object.values(this.ahead)) if (file) release(file);
  }

  private estimate(ahead: Ahead, scanned: number, now: number): void {
    const least = Math.min(this.isFull ? TIGHT : LEAST, this.most);
    const elapsed = (now - ahead.seenAt) / 1000;
    ahead.want = Math.max(ahead.want, least);
    if (elapsed < 0.01) return;
    const rate = (scanned - ahead.seen) / elapsed;
    const wanted = Math.min(this.most, Math.max(least, rate * AHEAD_S));
    // It is soon known for fast, and not so soon forgotten.
    ahead.want = floorTo(BLOCK, Math.max(wanted, ahead.want * 0.9, least));
    Object.assign(ahead, { seen: scanned, seenAt: now });
  }

  /** With `needed`, the oldest lines go for it. */
  private async extend(stream: LogStream, ahead: Ahead, cursor: Cursor, needed: boolean): Promise<void> {
    const { file } = ahead;
    if (file === null) return;
    ahead.busy = true;
    const { want } = ahead;
    const seen = (): number => Math.max(0, cursor.scanned - file.start);
    const from = seen();
    const lost = this.keeping.lost;
    const held = Math.max(0, ahead.to - file.start - from);
    const { has, outcome } = await extendReserve({
      path: file.path,
      from,
      seen,
      held,
      want,
      most: this.most,
      needed,
      isCurrent: () => this.files[stream].last === file,
      keeping: this.keeping,
    });
    ahead.busy = false;
    if (ahead.file !== file) return;
    ahead.to = Math.max(ahead.to, file.start + from + has);
    if (has <= held) ahead.notBefore = performance.now() + (outcome === 'full' ? PAUSE_MS : RETRY_MS);
    if (outcome === 'failed') return this.again();
    const isFull = outcome === 'full' && !needed;
    const isShort = has < want || isFull || this.keeping.lost > lost;
    this.tell(isShort, stream);
    if (isShort) this.again();
  }

  private tell(isShort: boolean, stream: LogStream): void {
    if (isShort && !this.isFull) {
      this.isFull = true;
      this.told({
        loses: true,
        reason: `the disk is full: the oldest lines make room for what ${stream} says`,
        count: this.keeping.lost,
      });
    } else if (!isShort && this.isFull) {
      this.isFull = false;
      this.told({ loses: false, reason: 'there is room on the disk again', count: this.keeping.lost });
      this.keeping.lost = 0;
    }
  }

  /** Whether there is room again is not told to anybody: it is tried. */
  private again(): void {
    this.retry ??= setTimeout(() => {
      this.retry = null;
      this.isRetry = true;
      this.wake();
      this.isRetry = false;
    }, RETRY_MS).unref();
  }
}

const nothing = (): Ahead => ({ file: null, to: 0, want: 0, seen: 0, seenAt: 0, busy: false, notBefore: 0 });

/** Blocks behind the end: cutting it to the length it has frees them. */
function release({ path }: DataFile): void {
  try {
    truncateSync(path, sizeOf(path));
  } catch {
    // gone already
  }
}
