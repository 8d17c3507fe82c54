/** A log in memory for those who serve it: it counts what is taken of it, can be away, and can break off. */
import { EventEmitter, once } from 'node:events';
import type { CanopyError } from '../../src/core/errors.js';
import type { LogItem, LogQuery, LogSource, LogStream } from '../../src/core/log-lines.js';
import { MemoryLog } from './memory-log.js';

export class ServedLog extends MemoryLog {
  /** Bytes of lines that readers have taken, and such as wait until it is there. */
  taken = 0;
  waiters = 0;
  /** The last line that was written. */
  seq = 0;
  readonly queries: LogQuery[] = [];
  /** Thrown at whoever begins to read. */
  away: CanopyError | null = null;
  private breaks = new AbortController();
  private readonly news = new EventEmitter().setMaxListeners(0);

  constructor(private readonly now: () => number = Date.now) {
    super();
  }

  write(line: string | Buffer, stream: LogStream = 'stdout'): void {
    this.seq += 1;
    this.append(line, stream, this.now());
  }

  /** Every reader that there is now fails; `away` is what new ones meet. */
  break(error: CanopyError): void {
    this.breaks.abort(error);
    this.breaks = new AbortController();
  }

  comeBack(): void {
    this.away = null;
    this.news.emit('back');
  }

  override async *read(query: LogQuery, cut: AbortSignal): AsyncGenerator<LogItem, void, undefined> {
    this.queries.push(query);
    if (this.away) throw this.away;
    const broken = this.breaks.signal;
    for await (const item of super.read(query, AbortSignal.any([cut, broken]))) {
      if (item.kind === 'lines') this.taken += item.bytes.length;
      yield item;
    }
    if (broken.aborted) throw broken.reason;
  }

  /** The same, for those who wait while it is away. */
  readonly patient: LogSource = { read: (query, cut) => this.wait(query, cut) };

  private async *wait(query: LogQuery, cut: AbortSignal): AsyncGenerator<LogItem> {
    this.waiters += 1;
    while (this.away && !cut.aborted) await once(this.news, 'back', { signal: cut }).catch(() => {});
    this.waiters -= 1;
    if (!cut.aborted) yield* this.read(query, cut);
  }
}
