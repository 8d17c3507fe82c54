/** One log over REST: what is stored of it, then what comes, resumed by itself after any break. */
import { setTimeout as pause } from 'node:timers/promises';
import type { LogQuery } from '../core/log-lines.js';
import { type RestClient, urlPath } from './client.js';
import { CliError, EXIT } from './exit.js';
import { eventsOf, linesOf, type ServerEvent, SILENCE_MS } from './live.js';
import type { PrintedGap, PrintedLine } from './log-print.js';

export type LogPiece = { readonly lines: readonly PrintedLine[] } | { readonly gap: PrintedGap };

/** What no second try would change. */
const FINAL: readonly (string | null)[] = [
  'bad-argument',
  'bad-cursor',
  'bad-path',
  'bad-request',
  'forgotten',
  'grep-failed',
  'not-authorized',
  'unsupported-op',
];
/** Milliseconds between two looks whether it can be reached. */
const LOOK_MS = 500;
/** Milliseconds until it is tried again, doubled each time. */
const FIRST_WAIT_MS = 100;
const MOST_WAIT_MS = 2000;

export interface LogClientChoice {
  readonly self?: boolean;
  /** One that is forgotten may come again, maybe with a log that begins anew. */
  readonly wait?: boolean;
}

export class LogClient {
  private isForgotten = false;

  /** Seq of the last line or gap that was handed on. */
  private last: number | null = null;

  constructor(
    private readonly rest: RestClient,
    readonly path: string,
    private readonly query: LogQuery,
    private readonly choice: LogClientChoice,
    /** Told that it broke off, and why; null when it goes on. `crowded`: it is one too many. */
    private readonly trouble: (why: string | null, crowded?: boolean) => void = () => {},
  ) {}

  /** What is stored now; with `waits`, which is told once why, as soon as it can be had. */
  async *stored(waits: ((why: Error) => void) | null): AsyncGenerator<LogPiece> {
    for (let told = false; ; told = true) {
      try {
        return yield* this.snapshot();
      } catch (error) {
        if (waits === null || this.hasBegun || !isAway(error)) throw error;
        if (!told) waits(error as Error);
      }
      await pause(LOOK_MS);
    }
  }

  private async *snapshot(): AsyncGenerator<LogPiece> {
    const cut = new AbortController();
    try {
      const headers = { accept: 'application/x-ndjson' };
      const response = await this.rest.open(this.url(this.query, {}), headers, cut);
      for await (const lines of linesOf(response.body as ReadableStream<Uint8Array>, null))
        yield* this.pieces(lines.filter(line => line !== '').map(line => JSON.parse(line)));
    } catch (error) {
      if (error instanceof CliError) throw error;
      throw new CliError(EXIT.failed, `the answer of ${this.rest.url} broke off: ${reason(error)}`);
    } finally {
      cut.abort();
    }
  }

  /** Something of it has been handed on. */
  get hasBegun(): boolean {
    return this.last !== null;
  }

  private *pieces(
    found: readonly (PrintedLine & { gap?: PrintedGap; error?: Failure })[],
  ): Generator<LogPiece> {
    let lines: PrintedLine[] = [];
    for (const each of found) {
      if (!each.gap && !each.error) {
        lines.push(each);
        continue;
      }
      yield* this.passed(lines);
      lines = [];
      if (each.error) throw failure(each.error);
      if (each.gap) yield this.gap(each.gap);
    }
    yield* this.passed(lines);
  }

  private *passed(lines: readonly PrintedLine[]): Generator<LogPiece> {
    if (lines.length === 0) return;
    yield { lines };
    this.last = lines.at(-1)?.seq ?? this.last;
  }

  private gap(gap: PrintedGap): LogPiece {
    this.last = gap.to;
    return { gap };
  }

  /** `fresh`: nothing of it has been asked for yet. Goes on after what was handed on, and never ends by itself. */
  async *coming(fresh: boolean): AsyncGenerator<LogPiece> {
    let wait = FIRST_WAIT_MS;
    for (;;) {
      const cut = new AbortController();
      try {
        for await (const piece of this.connection(fresh, cut)) {
          wait = FIRST_WAIT_MS;
          yield piece;
        }
        this.trouble('the server ended it');
      } catch (error) {
        if (error instanceof CliError && this.isFinal(error.problem)) throw error;
        this.trouble(reason(error), isCrowded(error));
      } finally {
        cut.abort();
      }
      await pause(wait);
      wait = Math.min(wait * 2, MOST_WAIT_MS);
    }
  }

  private isFinal(code: string | null): boolean {
    if (code === 'forgotten' && this.choice.wait) this.isForgotten = true;
    else if (code === 'bad-cursor' && this.isForgotten) this.last = null;
    else return FINAL.includes(code);
    return false;
  }

  private async *connection(fresh: boolean, cut: AbortController): AsyncGenerator<LogPiece> {
    const { tail, ...rest } = this.query;
    const query = fresh && tail !== undefined ? { ...rest, tail } : rest;
    const url = this.url(query, { follow: 'true', wait: 'true' });
    const place = this.last === null ? {} : { 'last-event-id': String(this.last) };
    const { body } = await this.rest.open(url, { accept: 'text/event-stream', ...place }, cut);
    this.trouble(null);
    for await (const event of eventsOf(body as ReadableStream<Uint8Array>, SILENCE_MS))
      yield* this.take(event);
  }

  private *take({ id, event, data }: ServerEvent): Generator<LogPiece> {
    if (event === '') this.last = /^\d+$/.test(id) ? Number(id) : this.last;
    else if (event === 'log') yield* this.passed(JSON.parse(data).lines);
    else if (event === 'gap') yield this.gap(JSON.parse(data).gap);
    else if (event === 'problem') throw failure(JSON.parse(data));
  }

  private url(query: LogQuery, more: Record<string, string>): string {
    const { grep, follow: _follow, ...rest } = query;
    const given = Object.entries(rest).map(([name, value]) => [name, String(value)]);
    const asked = new URLSearchParams({
      ...Object.fromEntries(given),
      ...(grep && { grep: grep.pattern }),
      ...(grep?.fixed && { fixed: 'true' }),
      ...(this.choice.self && { self: 'true' }),
      ...more,
    });
    return `/api/v1/logs/${urlPath(this.path)}?${asked}`;
  }
}

/** It may come, or come back. */
export const isAway = (error: unknown): boolean =>
  error instanceof CliError && (error.problem === 'node-unreachable' || error.problem === 'not-found');

export const isForgotten = (error: unknown): boolean =>
  error instanceof CliError && error.problem === 'forgotten';

/** As many logs as there may be are read already. */
export const isCrowded = (error: unknown): boolean =>
  error instanceof CliError && error.problem === 'too-many-streams';

interface Failure {
  readonly code: string;
  readonly message: string;
}

const failure = ({ code, message }: Failure): CliError =>
  new CliError(EXIT.failed, `${code}: ${message}`, code);

function reason(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return cause?.message || message;
}
