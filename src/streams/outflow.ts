/** The producer's end of one flow: reads no further than its consumer has allowed, and no faster than the link takes it. */
import type { LogGap, LogItem, LogQuery, LogRun, LogSource } from '../core/log-lines.js';
import { asCanopyError } from '../node/answers.js';
import type { FlowHead } from '../protocol/flows.js';
import { unlessCut } from './abortable.js';
import { Parcel, pieces } from './chunks.js';
import { FLUSH_MS, GAP_COUNTS } from './limits.js';

export interface OutflowPort {
  /** Resolves when the link takes more. */
  send(head: Omit<FlowHead, 'v'>, bytes?: readonly Buffer[]): Promise<void>;
  now(): number;
}

const LATE = Symbol('late');

export class Outflow {
  private readonly cut = new AbortController();
  private readonly parcel = new Parcel();
  private sent = 0;
  private sentAt = Number.NEGATIVE_INFINITY;
  private raised: (() => void) | null = null;

  constructor(
    private readonly id: string,
    private limit: number,
    private readonly port: OutflowPort,
    private readonly flushMs = FLUSH_MS,
  ) {}

  /** Until all is handed on, or it is ended. Never rejects. */
  async run(source: LogSource, query: LogQuery): Promise<void> {
    let items: AsyncIterator<LogItem> | null = null;
    try {
      items = source.read(query, this.cut.signal)[Symbol.asyncIterator]();
      await this.passOn(items);
    } catch (error) {
      if (this.cut.signal.aborted) return;
      await this.flush();
      const { code, message } = asCanopyError(error);
      await this.say({ error: { code, message } });
    } finally {
      // One that was asked for ahead may stand at an item which nobody took.
      items?.return?.().catch(() => {});
    }
  }

  /** Its consumer is there, and allows so many bytes in all. */
  renew(limit: number): void {
    this.limit = Math.max(this.limit, limit);
    this.raised?.();
    void this.port.send({ flow: this.id, n: this.sent, alive: true });
  }

  end(): void {
    this.cut.abort();
  }

  private async passOn(items: AsyncIterator<LogItem>): Promise<void> {
    let next = eager(items.next());
    for (;;) {
      const got = this.parcel.isEmpty ? await next : await this.soon(next);
      if (this.cut.signal.aborted) return;
      if (got === LATE) {
        await this.flush();
        continue;
      }
      if (got.done) return this.flush();
      // Asked for while this one leaves.
      next = eager(items.next());
      await this.pass(got.value);
    }
  }

  private async pass(item: LogItem): Promise<void> {
    if (item.kind !== 'lines') {
      await this.flush();
      const { kind: _, ...rest } = item;
      if (item.kind === 'end') return this.say({ end: rest as never });
      const n = this.sent;
      // Counted, so that one which is lost is missed as a line is.
      this.sent += GAP_COUNTS;
      return this.say({ n, gap: rest as Omit<LogGap, 'kind'> });
    }
    for (const lines of pieces(item)) {
      if (!this.parcel.fits(lines)) await this.flush();
      this.parcel.add(lines);
      if (this.parcel.isFull || this.flushIn() <= 0) await this.flush();
    }
  }

  /** Milliseconds until what waits has to leave. */
  private flushIn(): number {
    return this.sentAt + this.flushMs - this.port.now();
  }

  private async soon<T>(next: Promise<T>): Promise<T | typeof LATE> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<typeof LATE>(resolve => {
      timer = setTimeout(resolve, Math.max(0, this.flushIn()), LATE);
    });
    try {
      return await Promise.race([next, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async flush(): Promise<void> {
    if (this.parcel.isEmpty) return;
    const { runs, bytes, parts } = this.parcel.take();
    await this.allowed(bytes);
    if (this.cut.signal.aborted) return;
    const n = this.sent;
    this.sent += bytes;
    await this.say({ n, runs: runs as LogRun[] }, parts);
  }

  private async say(head: Omit<FlowHead, 'v' | 'flow'>, bytes?: readonly Buffer[]): Promise<void> {
    if (this.cut.signal.aborted) return;
    this.sentAt = this.port.now();
    await unlessCut(this.port.send({ flow: this.id, n: this.sent, ...head }, bytes), this.cut.signal);
  }

  private async allowed(bytes: number): Promise<void> {
    const { signal } = this.cut;
    while (!signal.aborted && this.sent + bytes > this.limit)
      await unlessCut(
        new Promise<void>(resolve => {
          this.raised = resolve;
        }),
        signal,
      );
  }
}

/** It may fail before anybody looks at it. */
function eager<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}
