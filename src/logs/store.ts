/**
 * The log of one target. It writes its streams to files of its own, whether or not anybody reads them, and these files are
 * the data; the store indexes them and lets them be read.
 */
import type { LogItem, LogQuery, LogSource, LogStream } from '../core/log-lines.js';
import { Waiters } from '../core/waiters.js';
import { isFull, isReadOnly } from '../process/file-error.js';
import { afterStarts } from '../process/later.js';
import { makeDir } from './data-files.js';
import { Flusher } from './flusher.js';
import { LogIndex } from './log-index.js';
import { beginning } from './mend.js';
import type { StoreNews, StoreOptions } from './options.js';
import { type Look, Pace } from './pace.js';
import { assemble, dataFilesIn, type Parts } from './parts.js';
import { Reader } from './reader.js';

/** Milliseconds between two looks at what has become too old, at most and at least. */
const AGE_MS = [60_000, 1000] as const;

export class LogStore implements LogSource {
  private readonly index: LogIndex;
  private readonly flusher: Flusher;
  private readonly pace: Pace;
  private readonly waiters = new Waiters();
  private readonly timers: NodeJS.Timeout[] = [];
  private parts: Parts | null = null;
  /** A target is there, or may be. */
  private running = false;
  private isOwn = false;
  private tends = false;
  /** What nobody has been told yet. */
  private untold: StoreNews[] = [];
  private listener = (news: StoreNews): void => void this.untold.push(news);

  constructor(private readonly options: StoreOptions) {
    this.index = new LogIndex(`${options.dir}/index`, () => this.opened.files);
    this.flusher = new Flusher(options.dir, this.index);
    this.pace = new Pace(options.dir, () => this.look());
  }

  /**
   * Finds where it stands, and no more: a target is waiting. Throws the error of the file system, unless the disk is full or
   * the directory read-only: then it is done without.
   */
  open(): void {
    const { index, options } = this;
    let isNew = false;
    try {
      isNew = makeDir(options.dir);
    } catch (error) {
      if (!isFull(error) && !isReadOnly(error)) throw error;
    }
    const files = isNew ? dataFilesIn(options.dir, []) : dataFilesIn(options.dir);
    if (!index.open()) index.begin(beginning(files));
    this.parts = assemble(options, index, files, {
      wake: () => this.pace.next(),
      tend: () => this.tend(),
      told: news => this.listener(news),
    });
  }

  /** The files for one more run of the target, which writes to them from now on. */
  outputs(): Readonly<Record<LogStream, string>> {
    this.running = true;
    return { stdout: this.output('stdout'), stderr: this.output('stderr') };
  }

  get longest(): number | null {
    return this.opened.intake.direct ? this.options.segmentBytes : null;
  }

  /** A target is not kept from running by what its log lacks: a directory that is full or can't be written. */
  private output(stream: LogStream): string {
    try {
      // It may have been removed, or there may have been no room for it.
      makeDir(this.options.dir);
      return this.opened.intake.output(stream);
    } catch (error) {
      const reason = `what the target says on ${stream} is not stored until its next start: ${(error as Error).message}`;
      this.listener({ loses: true, reason, count: 0 });
      return '/dev/null';
    }
  }

  /** A target runs that writes to them: one that was started or adopted. */
  began(): void {
    this.running = true;
    this.pace.next();
  }

  /** It has ended: what is left without an end of line is a line. */
  ended(): void {
    this.running = false;
    this.opened.intake.drain();
    this.pace.next();
  }

  /** From here on what is written is indexed. */
  start(): void {
    const { intake, clearing, keeping } = this.opened;
    intake.start();
    this.pace.start();
    afterStarts(this.timers, () => {
      this.tends = true;
      this.index.check();
      void clearing.run();
      this.tend();
    });
    const { maxAgeMs, clock } = this.options;
    if (maxAgeMs === null) return;
    const [most, least] = AGE_MS;
    const everyMs = Math.max(least, Math.min(most, maxAgeMs / 10));
    this.timers.push(setInterval(() => keeping.age(clock.now()), everyMs).unref());
  }

  /** Indexes what there still is, unless a target goes on writing. */
  async stop(): Promise<void> {
    if (this.parts === null) return;
    const { intake, capture, room, clearing } = this.parts;
    this.pace.stop();
    for (const timer of this.timers.splice(0)) clearTimeout(timer);
    intake.drain();
    intake.stop();
    while (this.look().more) await new Promise(resolve => setImmediate(resolve));
    this.flusher.end();
    capture.close();
    room?.close(this.running);
    await clearing.run();
  }

  /** Seq of the first line that is stored, and of the last one; where none is, the last one is before the first. */
  get range(): { readonly first: number; readonly last: number } {
    return { first: this.index.first, last: this.index.seq - 1 };
  }

  /** Whether room is reserved for what the target is going to write. */
  get hasRoom(): boolean {
    return this.parts?.room?.isReserved ?? false;
  }

  /** A line of the node itself; for a store that no target writes to. */
  append(stream: LogStream, line: string): void {
    this.isOwn = true;
    this.opened.intake.append(stream, Buffer.from(`${line}\n`));
  }

  async *read(query: LogQuery, cut: AbortSignal): AsyncGenerator<LogItem> {
    const { index } = this;
    const { files } = this.opened;
    index.check();
    const grown = (until: AbortSignal): Promise<void> => this.waiters.next(until);
    yield* new Reader({ index, files, grown }, query, cut).items();
  }

  /** Tells what an operator has to know. */
  onNews(listener: (news: StoreNews) => void): void {
    this.listener = listener;
    for (const news of this.untold.splice(0)) listener(news);
  }

  private get opened(): Parts {
    if (this.parts === null) throw new Error('the store is not open');
    return this.parts;
  }

  private look(): Look {
    const { capture, keeping, room } = this.opened;
    const found = capture.take(!this.running);
    if (found.lines) {
      keeping.settle(room?.isFull ? room.portion : null, capture.backlog);
      this.flusher.soon(this.isOwn);
      this.waiters.wake();
      this.tends = true;
    }
    if (this.tends) this.tend();
    return found;
  }

  private tend(): void {
    const { room, capture } = this.opened;
    if (this.running) room?.tend(capture.cursors, performance.now());
  }
}
