/** What `logs`, `follow` and `unfollow` mean to a leaf. */
import type { Link } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import type { LogItem, LogLines, LogQuery, LogSource } from '../core/log-lines.js';
import { followOf, type LogsRequest, logsOf } from '../node/log-commands.js';
import { onlyArguments, type Plan, type Progress, type Run } from '../node/responder.js';
import { decode } from '../protocol/codec.js';
import { LineText } from '../protocol/log-text.js';
import { topicOf } from '../protocol/topics.js';
import { pieces } from './chunks.js';
import { LEASE_MS } from './limits.js';
import type { LogHub } from './port.js';
import { payloadsOf, speak } from './voice.js';

export interface LeafLogsOptions {
  readonly logs: LogHub;
  /** To the parent's broker, and this leaf's name there. */
  readonly link: Link;
  readonly name: string;
  readonly epoch: number;
  readonly clock: Clock;
  /** The parent says the log itself to whoever follows. */
  readonly isGreeted: () => boolean;
  readonly log: { warn(fields: object, message: string): void };
}

/** Milliseconds that the parent may take for one chunk of an answer. */
const CHUNK_MS = 10_000;

export class LeafLogs {
  private speaking: AbortController | null = null;
  private lease: NodeJS.Timeout | null = null;

  constructor(private readonly options: LeafLogsOptions) {}

  readonly plan: Plan = command => {
    const now = this.options.clock.now();
    if (command.op === 'logs') return this.snapshot(logsOf(command, now));
    if (command.op === 'follow') return this.follow(followOf(command, now));
    onlyArguments(command, []);
    return async () => {
      this.stop();
      return {};
    };
  };

  private get store(): LogSource {
    return this.options.logs.source('');
  }

  stop(): void {
    if (this.lease) clearTimeout(this.lease);
    this.lease = null;
    this.speaking?.abort();
    this.speaking = null;
  }

  private snapshot({ query, limit, self }: LogsRequest): Run {
    return async (progress, cut = new AbortController().signal) => {
      const { logs, epoch } = this.options;
      const text = new LineText();
      const told = new Told(limit);
      for await (const item of logs.source('', { self }).read(query, cut)) {
        const part = told.take(item);
        if (part) for (const payload of payloadsOf(part, text, epoch)) await this.hand(payload, progress);
        if (told.cut) break;
      }
      return told.data;
    };
  }

  /** One chunk at a time: an answer must not push what else waits for the parent out of its queue. */
  private async hand(payload: Buffer, progress: Progress): Promise<void> {
    const { v: _, ...data } = decode('log', payload);
    progress(data);
    await this.options.link.flush(CHUNK_MS);
  }

  private follow(query: LogQuery): Run {
    return async () => {
      // A cursor that lies in the future, and the like, is an error of this command.
      const { signal } = new AbortController();
      for await (const _ of this.store.read({ ...query, tail: 0, follow: false }, signal)) break;
      const leaseSeconds = LEASE_MS / 1000;
      if (this.options.isGreeted()) return { leaseSeconds };
      this.lease?.refresh();
      this.lease ??= setTimeout(() => this.stop(), LEASE_MS);
      if (!this.speaking) this.begin(query);
      return { leaseSeconds };
    };
  }

  /** Nobody above hands it on: it is said here, and plain bridges carry it. */
  private begin(query: LogQuery): void {
    const { link, name, epoch, log } = this.options;
    const cut = new AbortController();
    this.speaking = cut;
    const voice = {
      link,
      topic: topicOf(name, 'log'),
      epoch: () => epoch,
      ready: () => link.flush(CHUNK_MS),
    };
    speak(this.store, query, voice, cut.signal).catch((err: Error) => {
      log.warn({ err }, `the log is not told any more: ${err.message}`);
      if (this.speaking === cut) this.stop();
    });
  }
}

/** What was handed on in answer to `logs`. */
class Told {
  /** There is more, after the last line. */
  cut = false;
  private lines = 0;
  private bytes = 0;
  private first: number | null = null;
  private last: number | null = null;
  private stored: object | null = null;

  constructor(private readonly limit: number) {}

  /** As much of it as may still be handed on; null where that is nothing. */
  take(item: LogItem): LogItem | null {
    if (item.kind === 'end') this.stored = { first: item.first, last: item.last };
    if (item.kind !== 'lines') return item;
    const room = this.limit - this.bytes;
    const [part, ...rest] = pieces(item, Math.max(1, room));
    this.cut = rest.length > 0 || room <= 0;
    const isTorn = part?.runs.at(-1)?.more === true && this.cut;
    // Half a line is no answer, unless it is all there is.
    if (!part || room <= 0 || (isTorn && this.bytes > 0)) return null;
    this.count(part);
    return part;
  }

  private count({ runs, bytes }: LogLines): void {
    this.bytes += bytes.length;
    for (const { seq, lines, more } of runs) {
      this.first ??= seq;
      this.last = seq + lines - 1;
      this.lines += more ? lines - 1 : lines;
    }
  }

  get data(): Record<string, unknown> {
    const { lines, bytes, first, last, stored, cut } = this;
    return { lines, bytes, first, last, cut, ...(stored && { stored }) };
  }
}
