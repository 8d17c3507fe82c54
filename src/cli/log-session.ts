/** Reading one log or several, and printing what comes of it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { LogQuery } from '../core/log-lines.js';
import type { RestClient } from './client.js';
import { EXIT } from './exit.js';
import type { Chosen } from './log-choice.js';
import { isAway, isCrowded, LogClient, type LogPiece } from './log-client.js';
import { GapNotes } from './log-gaps.js';
import { merged } from './log-merge.js';
import { Presence } from './log-presence.js';
import { LogPrinter, note, type PrintedLine, put } from './log-print.js';

export interface SessionOptions {
  readonly follow?: boolean;
  readonly self?: boolean;
  readonly wait?: boolean;
  readonly timestamps?: boolean;
  readonly json?: boolean;
  /** False: several without the tags that tell them apart. */
  readonly prefix?: boolean;
}

/** Milliseconds between two looks for leaves that are gone, back, or new below what is followed. */
const LOOK_MS = 5000;

/** A log that is to be followed; `fresh` where nothing of it has been asked for yet. */
interface Follow {
  readonly log: LogClient;
  readonly fresh: boolean;
}
type Look = () => Promise<Pick<Chosen, 'paths' | 'nodes'>>;
type Entry = PrintedLine & { readonly path: string };

export class LogSession {
  private readonly printer: LogPrinter;
  /** Followed, or found to be none to follow. */
  private readonly known = new Set<string>();
  private readonly gaps = new Map<string, GapNotes>();
  private readonly presence = new Presence(note);
  /** Those that nobody would hand on, since so many others are. */
  private readonly unheard = new Set<string>();
  private isBroken = false;

  constructor(
    private readonly rest: RestClient,
    private readonly query: LogQuery,
    private readonly options: SessionOptions,
    private readonly isMany: boolean,
  ) {
    const { json = false, timestamps = false, prefix = true } = options;
    const colours = process.stdout.isTTY === true && process.stdout.hasColors();
    this.printer = new LogPrinter({ json, timestamps, colours }, isMany && prefix);
  }

  /** Prints what there is, by time; resolves with what is to be followed. */
  async stored(paths: readonly string[]): Promise<Follow[]> {
    for (const path of paths) this.know(path);
    const follows: Follow[] = [];
    const begun = paths.map(path => this.begin(path, follows));
    if (begun.length === 1) {
      for await (const piece of begun[0] as AsyncIterable<LogPiece>)
        await this.print(paths[0] as string, piece);
      return follows;
    }
    let text = '';
    for await (const { path, ...line } of merged(
      begun.map((log, at) => this.entries(paths[at] as string, log)),
    )) {
      text += this.printer.lines(path, [line]);
      if (text.length < 65_536) continue;
      await put(text);
      text = '';
    }
    await put(text);
    return follows;
  }

  /** What is stored of one; what goes wrong ends all where it is the only one, and only this one otherwise. */
  private async *begin(path: string, follows: Follow[]): AsyncGenerator<LogPiece> {
    const { follow = false, wait = false } = this.options;
    const waits = (error: Error): void => {
      this.presence.isAway(path);
      this.complain(path, error, 'waiting: ');
    };
    const log = this.client(path, this.query);
    let fresh = this.query.tail === 0;
    try {
      yield* log.stored(wait && !follow ? waits : null);
    } catch (error) {
      const goesOn = this.goesOn(log, error);
      if (!goesOn && !this.isMany) throw error;
      if (goesOn && isCrowded(error)) this.crowded(path, (error as Error).message);
      else if (goesOn && !log.hasBegun) waits(error as Error);
      else if (!goesOn) this.complain(path, error as Error);
      if (!goesOn) return void this.failed();
      fresh = !log.hasBegun;
    } finally {
      this.gaps.get(path)?.flush();
    }
    follows.push({ log, fresh });
  }

  private goesOn(log: LogClient, error: unknown): boolean {
    const { follow = false, wait = false } = this.options;
    if (!follow || log.hasBegun) return follow;
    return isAway(error) ? wait || this.isMany : isCrowded(error) && this.isMany;
  }

  private async *entries(path: string, log: AsyncIterable<LogPiece>): AsyncGenerator<Entry> {
    for await (const piece of log) {
      if ('gap' in piece) await this.print(path, piece);
      else {
        this.gaps.get(path)?.flush();
        for (const line of piece.lines) yield { path, ...line };
      }
    }
  }

  /** Prints what comes; rejects when one that is alone cannot go on, and when none is left. */
  async coming(follows: readonly Follow[], look: Look | null): Promise<void> {
    if (look) void this.late(look);
    await Promise.all(follows.map(each => this.follow(each)));
  }

  /** Tells who comes and goes; leaves that nobody knew before are followed too, from what they say since then. */
  private async late(look: Look): Promise<void> {
    const { tail: _tail, after: _after, ...query } = { ...this.query, since: Date.now() };
    for (;;) {
      await pause(LOOK_MS, undefined, { ref: false });
      const found = await look().catch(() => null);
      if (found === null) continue;
      this.presence.look(found.nodes);
      for (const path of found.paths.filter(each => !this.known.has(each))) {
        this.know(path);
        void this.follow({ log: this.client(path, query), fresh: true });
      }
    }
  }

  private know(path: string): void {
    this.known.add(path);
    this.gaps.set(path, new GapNotes(words => note(`${path || '.'}: ${words}`)));
    this.printer.know(path);
  }

  private client(path: string, query: LogQuery): LogClient {
    return new LogClient(this.rest, path, query, this.options.self === true, (why, crowded) =>
      crowded ? this.crowded(path, why) : this.trouble(why),
    );
  }

  private async follow({ log, fresh }: Follow): Promise<void> {
    try {
      for await (const piece of log.coming(fresh)) await this.print(log.path, piece);
    } catch (error) {
      if (!this.isMany) throw error;
      this.complain(log.path, error as Error);
      this.failed();
    }
  }

  private async print(path: string, piece: LogPiece): Promise<void> {
    if ('lines' in piece) {
      this.gaps.get(path)?.flush();
      return put(this.printer.lines(path, piece.lines));
    }
    if (this.options.json) return put(`${JSON.stringify({ path, gap: piece.gap })}\n`);
    this.gaps.get(path)?.add(piece.gap);
  }

  private failed(): void {
    process.exitCode = EXIT.failed;
  }

  private complain(path: string, error: Error, what = ''): void {
    note(`${path || '.'}: ${what}${error.message}`);
  }

  /** Said once of each: the others go on, and it is tried again. */
  private crowded(path: string, why: string | null): void {
    if (!this.unheard.has(path)) note(`${path || '.'}: not followed yet: ${why}`);
    this.unheard.add(path);
  }

  /** Said once for all that break together. */
  private trouble(why: string | null): void {
    if (why !== null && !this.isBroken) note(`broken off, trying again: ${why}`);
    this.isBroken = why !== null;
  }
}
