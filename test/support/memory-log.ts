/** A log that is really one, in memory: for what stands above the stores and streams. It counts what is read of it. */
import { EventEmitter, once } from 'node:events';
import { CanopyError } from '../../src/core/errors.js';
import type { LogItem, LogLines, LogQuery, LogSource, LogStream } from '../../src/core/log-lines.js';

interface Kept {
  readonly seq: number;
  readonly ts: number;
  readonly stream: LogStream;
  readonly bytes: Buffer;
}

/** Lines of an item. */
const BATCH = 100;

export class MemoryLog implements LogSource {
  /** Items that readers have taken; readers that there are now, and such as wait until it is there. */
  taken = 0;
  readers = 0;
  waiters = 0;
  readonly queries: LogQuery[] = [];
  /** Thrown at whoever begins to read, and where `breaks` is set at whoever reads. */
  away: CanopyError | null = null;
  private kept: Kept[] = [];
  private last = 0;
  private broken: { error: CanopyError; times: number } = {
    error: new CanopyError('interrupted', ''),
    times: 0,
  };
  private readonly news = new EventEmitter().setMaxListeners(0);

  constructor(private readonly now: () => number = Date.now) {}

  get seq(): number {
    return this.last;
  }

  write(line: string | Buffer, stream: LogStream = 'stdout'): void {
    this.last += 1;
    const bytes = Buffer.concat([Buffer.from(line as string), Buffer.from('\n')]);
    this.kept.push({ seq: this.last, ts: this.now(), stream, bytes });
    this.news.emit('more');
  }

  comeBack(): void {
    this.away = null;
    this.news.emit('back');
  }

  /** The same, for those who wait while it is away. */
  readonly waiting: LogSource = { read: (query, cut) => this.wait(query, cut) };

  private async *wait(query: LogQuery, cut: AbortSignal): AsyncGenerator<LogItem> {
    this.waiters += 1;
    while (this.away && !cut.aborted) await once(this.news, 'back', { signal: cut }).catch(() => {});
    this.waiters -= 1;
    if (!cut.aborted) yield* this.read(query, cut);
  }

  /** The oldest lines go. */
  drop(count: number): void {
    this.kept = this.kept.slice(count);
  }

  /** Every reader that there is now fails; `away` is what new ones meet. */
  break(error: CanopyError): void {
    this.broken = { error, times: this.broken.times + 1 };
    this.news.emit('more');
  }

  async *read(query: LogQuery, cut: AbortSignal): AsyncGenerator<LogItem> {
    this.queries.push(query);
    if (this.away) throw this.away;
    const { after = 0 } = query;
    if (after > this.last)
      throw new CanopyError('bad-cursor', `after: expected up to ${this.last}, found ${after}`);
    const { times } = this.broken;
    this.readers += 1;
    try {
      yield* this.lost(query);
      for await (const batch of this.batches(query, cut)) {
        this.taken += 1;
        yield itemOf(batch);
        if (this.broken.times > times) throw this.broken.error;
      }
      if (this.broken.times > times) throw this.broken.error;
      if (cut.aborted) return;
      yield { kind: 'end', first: this.kept[0]?.seq ?? null, last: this.kept.at(-1)?.seq ?? null };
    } finally {
      this.readers -= 1;
    }
  }

  private *lost({ after }: LogQuery): Generator<LogItem> {
    const first = this.kept[0]?.seq ?? this.last + 1;
    if (after === undefined || after + 1 >= first) return;
    this.taken += 1;
    yield { kind: 'gap', from: after + 1, to: first - 1, reason: 'dropped' };
  }

  private async *batches(query: LogQuery, cut: AbortSignal): AsyncGenerator<Kept[]> {
    const fits = fitting(query);
    const { times } = this.broken;
    let place = this.start(query, fits);
    while (!cut.aborted && this.broken.times === times) {
      const batch = this.kept.filter(line => line.seq > place && fits(line)).slice(0, BATCH);
      place = batch.at(-1)?.seq ?? place;
      if (batch.length > 0) yield batch;
      else if (!query.follow) return;
      else await once(this.news, 'more', { signal: cut }).catch(() => {});
    }
  }

  /** The seq after which it begins. */
  private start({ after, tail }: LogQuery, fits: (line: Kept) => boolean): number {
    if (after !== undefined || tail === undefined) return after ?? 0;
    const all = this.kept.filter(fits);
    if (tail === 0) return this.last;
    return tail >= all.length ? 0 : (all.at(-tail - 1)?.seq ?? 0);
  }
}

function fitting({ since = 0, until = Infinity, stream, grep }: LogQuery): (line: Kept) => boolean {
  const found =
    grep &&
    (grep.fixed
      ? (text: string) => text.includes(grep.pattern)
      : (text: string) => new RegExp(grep.pattern, 'u').test(text));
  return line =>
    line.ts >= since &&
    line.ts <= until &&
    (stream === undefined || line.stream === stream) &&
    (!found || found(line.bytes.toString('utf8').slice(0, -1)));
}

const itemOf = (lines: readonly Kept[]): LogLines => ({
  kind: 'lines',
  runs: lines.map(({ seq, ts, stream, bytes }) => ({ seq, ts, stream, lines: 1, bytes: bytes.length })),
  bytes: Buffer.concat(lines.map(({ bytes }) => bytes)),
});
