/** What `logs`, `follow` and `unfollow` mean to a leaf. */
import type { Link } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import type { LogItem, LogQuery, LogSource } from '../core/log-lines.js';
import { followOf, logsOf } from '../node/log-commands.js';
import { onlyArguments, type Plan, type Progress, type Run } from '../node/responder.js';
import { decode } from '../protocol/codec.js';
import { LineText } from '../protocol/log-text.js';
import { topicOf } from '../protocol/topics.js';
import { LEASE_MS } from './limits.js';
import { payloadsOf, speak } from './voice.js';

export interface LeafLogsOptions {
  readonly store: LogSource;
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

  stop(): void {
    if (this.lease) clearTimeout(this.lease);
    this.lease = null;
    this.speaking?.abort();
    this.speaking = null;
  }

  private snapshot({ query, limit }: { query: LogQuery; limit: number }): Run {
    return async (progress, cut = new AbortController().signal) => {
      const { store, epoch } = this.options;
      const text = new LineText();
      const told = new Told(limit);
      for await (const item of store.read(query, cut)) {
        if (!told.take(item)) break;
        for (const payload of payloadsOf(item, text, epoch)) await this.hand(payload, progress);
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
      for await (const _ of this.options.store.read(
        { ...query, tail: 0, follow: false },
        new AbortController().signal,
      ))
        break;
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
    const { store, link, name, epoch, log } = this.options;
    const cut = new AbortController();
    this.speaking = cut;
    const voice = {
      link,
      topic: topicOf(name, 'log'),
      epoch: () => epoch,
      ready: () => link.flush(CHUNK_MS),
    };
    speak(store, query, voice, cut.signal).catch((err: Error) => {
      log.warn({ err }, `the log is not told any more: ${err.message}`);
      if (this.speaking === cut) this.stop();
    });
  }
}

/** What was handed on in answer to `logs`. */
class Told {
  private lines = 0;
  private bytes = 0;
  private first: number | null = null;
  private last: number | null = null;
  private stored: object | null = null;
  private cut = false;

  constructor(private readonly limit: number) {}

  /** False where it would be too much. */
  take(item: LogItem): boolean {
    if (item.kind === 'end') this.stored = { first: item.first, last: item.last };
    if (item.kind !== 'lines') return true;
    if (this.bytes > 0 && this.bytes + item.bytes.length > this.limit) {
      this.cut = true;
      return false;
    }
    this.bytes += item.bytes.length;
    for (const { seq, lines, more } of item.runs) {
      this.first ??= seq;
      this.last = seq + lines - 1;
      this.lines += more ? lines - 1 : lines;
    }
    return true;
  }

  /** `cut`: there is more, after `last`. */
  get data(): Record<string, unknown> {
    const { lines, bytes, first, last, stored, cut } = this;
    return { lines, bytes, first, last, cut, ...(stored && { stored }) };
  }
}
