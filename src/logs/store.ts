/**
 * The log of one target. It writes its streams to files of its own, whether or not anybody reads them, and these files are
 * the data; the store indexes them and lets them be read.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LogItem, LogQuery, LogSource, LogStream } from '../core/log-lines.js';
import { Capture } from './capture.js';
import { DataFiles } from './data-files.js';
import { LogIndex } from './log-index.js';
import type { StoreOptions } from './options.js';
import { Pace } from './pace.js';
import { Reader } from './reader.js';
import { Waiters } from './waiters.js';

export class LogStore implements LogSource {
  private readonly index: LogIndex;
  private files: Readonly<Record<LogStream, DataFiles>>;
  private capture: Capture;
  private readonly pace: Pace;
  private readonly waiters = new Waiters();
  /** A target is there, or may be. */
  private running = false;

  constructor(private readonly options: StoreOptions) {
    const { dir } = options;
    this.index = new LogIndex(join(dir, 'index'));
    this.files = filesIn(dir, []);
    this.capture = this.capturing();
    this.pace = new Pace(dir, () => this.capture.take(!this.running));
  }

  /** Finds where it stands, and no more: a target is waiting. Throws the error of the file system. */
  open(): void {
    const { dir } = this.options;
    mkdirSync(dir, { recursive: true });
    this.files = filesIn(dir, readdirSync(dir));
    if (!this.index.open()) this.index.begin(this.beginning());
    this.capture = this.capturing();
  }

  /** The files for one more run of the target. Throws the error of the file system. */
  outputs(): Readonly<Record<LogStream, string>> {
    const at = (stream: LogStream): string => {
      const { segmentBytes: longest } = this.options;
      const { ends, seq } = this.index;
      return this.files[stream].prepare({ longest, indexed: ends[stream], seq }).path;
    };
    return { stdout: at('stdout'), stderr: at('stderr') };
  }

  /** A target runs that writes to them: one that was started or adopted. */
  began(): void {
    this.running = true;
    this.pace.next();
  }

  /** It has ended: what is left without an end of line is a line. */
  ended(): void {
    this.running = false;
    this.pace.next();
  }

  /** From here on what is written is indexed. */
  start(): void {
    this.pace.start();
  }

  /** Indexes what there still is, unless a target goes on writing. */
  async stop(): Promise<void> {
    this.pace.stop();
    while (this.capture.take(!this.running).more) await new Promise(resolve => setImmediate(resolve));
    this.capture.close();
  }

  /** Seq of the first line that is stored, and of the last; the same plus one where none is. */
  get range(): { readonly first: number; readonly last: number } {
    return { first: this.index.first, last: this.index.seq - 1 };
  }

  async *read(query: LogQuery, cut: AbortSignal): AsyncGenerator<LogItem> {
    const { index, files } = this;
    const grown = (until: AbortSignal): Promise<void> => this.waiters.next(until);
    yield* new Reader({ index, files, grown }, query, cut).items();
  }

  private capturing(): Capture {
    const { clock } = this.options;
    return new Capture(this.index, this.files, { now: () => clock.now(), indexed: () => this.flush() });
  }

  private flush(): void {
    this.index.flush();
    this.waiters.wake();
  }

  private beginning(): { first: number; ends: { stdout: number; stderr: number } } {
    const first = Math.max(
      1,
      ...['stdout', 'stderr'].map(it => this.files[it as LogStream].all[0]?.seq ?? 1),
    );
    const start = (stream: LogStream): number => this.files[stream].all[0]?.start ?? 0;
    return { first, ends: { stdout: start('stdout'), stderr: start('stderr') } };
  }
}

const filesIn = (dir: string, names: readonly string[]): Readonly<Record<LogStream, DataFiles>> => ({
  stdout: new DataFiles(dir, 'stdout', names),
  stderr: new DataFiles(dir, 'stderr', names),
});
