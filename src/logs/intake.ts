/** Where the target writes to: files, or FIFOs that are emptied into files. */
import { LOG_STREAMS, type LogStream } from '../core/log-lines.js';
import { countLines } from './count.js';
import type { DataFiles } from './data-files.js';
import { Fifo } from './fifo.js';
import { canPunch } from './holes.js';
import type { LogIndex } from './log-index.js';
import type { StoreOptions } from './options.js';
import { Writer } from './writer.js';

export interface IntakePorts {
  /** Something was written. */
  readonly written: () => void;
  /** There is no room for so many lines. */
  readonly lost: (stream: LogStream, lines: number) => void;
  /** Makes room at once; false where nothing is left that could go. */
  readonly makeRoom: () => boolean;
}

export class Intake {
  /** Files that a target writes to itself, so that holes are to be punched. */
  readonly direct: boolean;
  private readonly fifos: Readonly<Record<LogStream, Fifo>>;
  private readonly writers: Readonly<Record<LogStream, Writer>>;

  constructor(
    private readonly options: StoreOptions,
    private readonly files: Readonly<Record<LogStream, DataFiles>>,
    private readonly index: LogIndex,
    private readonly ports: IntakePorts,
  ) {
    const { dir, capture, segmentBytes } = options;
    this.direct = capture === 'files' || (capture === 'auto' && canPunch(dir));
    const writer = (stream: LogStream): Writer => new Writer(files[stream], index, stream, segmentBytes);
    const fifo = (stream: LogStream): Fifo =>
      new Fifo(`${dir}/${stream}.fifo`, bytes => this.append(stream, bytes));
    this.writers = { stdout: writer('stdout'), stderr: writer('stderr') };
    this.fifos = { stdout: fifo('stdout'), stderr: fifo('stderr') };
  }

  /** The place for one more run. Throws the error of the file system. */
  output(stream: LogStream): string {
    // Where it has once truncated its file, there is one.
    if (!this.direct || (this.options.capture === 'auto' && this.fifos[stream].exists)) {
      this.fifos[stream].make();
      this.fifos[stream].start();
      this.writers[stream].begin();
      return this.fifos[stream].path;
    }
    const { segmentBytes: longest } = this.options;
    const { ends, seq } = this.index;
    return this.files[stream].prepare({ longest, indexed: ends[stream], seq }).path;
  }

  /** From the next run on; whether it is so. */
  preferFifo(stream: LogStream): boolean {
    if (this.options.capture !== 'auto') return false;
    try {
      this.fifos[stream].make();
      return true;
    } catch {
      return false;
    }
  }

  /** Of a target that goes on, too. */
  start(): void {
    for (const stream of LOG_STREAMS) this.fifos[stream].start();
  }

  drain(): void {
    for (const stream of LOG_STREAMS) this.fifos[stream].drain();
  }

  stop(): void {
    for (const stream of LOG_STREAMS) {
      this.fifos[stream].stop();
      this.writers[stream].close();
    }
  }

  append(stream: LogStream, bytes: Buffer): void {
    const writer = this.writers[stream];
    for (const part of writer.cut(bytes)) {
      let done = writer.write(part);
      while (!done && this.ports.makeRoom()) done = writer.write(part);
      if (!done) this.ports.lost(stream, countLines(part));
    }
    this.ports.written();
  }
}
