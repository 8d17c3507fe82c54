/** Reading one log or several, and printing what comes of it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { LogQuery } from '../core/log-lines.js';
import type { NodeView } from '../rest/views.js';
import type { RestClient } from './client.js';
import { EXIT } from './exit.js';
import type { Chosen } from './log-choice.js';
import { isAway, isCrowded, isForgotten, LogClient, type LogPiece } from './log-client.js';
import { merged } from './log-merge.js';
import { LogNotes } from './log-notes.js';
import { LogPrinter, type PrintedLine, put } from './log-print.js';

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
  /** Those whose turn comes when others have been read. */
  private readonly left = new Map<string, Error>();
  private readonly notes = new LogNotes();

  constructor(
    private readonly rest: RestClient,
    private readonly query: LogQuery,
    private readonly options: SessionOptions,
    private readonly isMany: boolean,
    /** Of a line as it is read by people; null where it is left as it is. */
    forPeople: ((line: string) => string) | null = null,
  ) {
    const { json = false, timestamps = false, prefix = true } = options;
    const colours = process.stdout.isTTY === true && process.stdout.hasColors();
    this.printer = new LogPrinter({ json, timestamps, colours, forPeople }, isMany && prefix);
  }

  /** Prints what there is, by time; resolves with what is to be followed. */
  async stored(paths: readonly string[]): Promise<Follow[]> {
    const follows = await this.round(paths);
    for (let asked = paths.length; this.left.size > 0; ) {
      const left = [...this.left.keys()];
      if (left.length === asked) break; // it is others who take the room
      asked = left.length;
      this.left.clear();
      follows.push(...(await this.round(left)));
    }
    for (const [path, error] of this.left) this.failed(path, error);
    return follows;
  }

  private async round(paths: readonly string[]): Promise<Follow[]> {
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
    const waits = (error: Error): void => this.notes.waits(path, error);
    const log = this.client(path, this.query);
    let fresh = this.query.tail === 0;
    try {
      yield* log.stored(wait && !follow ? waits : null);
    } catch (error) {
      if (!this.goesOn(path, log, error as Error)) return;
      fresh = !log.hasBegun;
    } finally {
      this.notes.gaps(path).flush();
    }
    follows.push({ log, fresh });
  }

  /** Whether it is to be followed all the same; says what there is to be said. Throws where it was alone. */
  private goesOn(path: string, log: LogClient, error: Error): boolean {
    const { follow = false, wait = false } = this.options;
    const mayCome = isAway(error) ? wait || this.isMany : isCrowded(error) && this.isMany;
    if (follow && (log.hasBegun || mayCome)) {
      if (isCrowded(error)) this.notes.crowded(path, error.message);
      else if (!log.hasBegun) this.notes.waits(path, error);
      return true;
    }
    if (!this.isMany) throw error;
    if (isCrowded(error) && !log.hasBegun) this.left.set(path, error);
    else this.failed(path, error);
    return false;
  }

  private async *entries(path: string, log: AsyncIterable<LogPiece>): AsyncGenerator<Entry> {
    for await (const piece of log) {
      if ('gap' in piece) await this.print(path, piece);
      else {
        this.notes.gaps(path).flush();
        for (const line of piece.lines) yield { path, ...line };
      }
    }
  }

  /** Prints what comes; rejects when one that is alone cannot go on, and when none is left. */
  async coming(follows: readonly Follow[], nodes: readonly NodeView[], look: Look | null): Promise<void> {
    this.notes.runs.look(nodes);
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
      this.notes.presence.look(found.nodes);
      this.notes.runs.look(found.nodes);
      for (const path of found.paths.filter(each => !this.known.has(each))) {
        this.know(path);
        void this.follow({ log: this.client(path, query), fresh: true });
      }
    }
  }

  private know(path: string): void {
    this.known.add(path);
    this.printer.know(path);
  }

  private client(path: string, query: LogQuery): LogClient {
    return new LogClient(this.rest, path, query, this.options, (why, crowded) =>
      crowded ? this.notes.crowded(path, why) : this.notes.trouble(why),
    );
  }

  private async follow({ log, fresh }: Follow): Promise<void> {
    try {
      for await (const piece of log.coming(fresh)) await this.print(log.path, piece);
    } catch (error) {
      if (!this.isMany) throw error;
      this.failed(log.path, error as Error);
      // One that comes under its name later is another one.
      if (isForgotten(error)) this.known.delete(log.path);
    }
  }

  private async print(path: string, piece: LogPiece): Promise<void> {
    if ('lines' in piece) {
      this.notes.gaps(path).flush();
      return put(this.printer.lines(path, piece.lines));
    }
    if (this.options.json) return put(`${JSON.stringify({ path, gap: piece.gap })}\n`);
    this.notes.gaps(path).add(piece.gap);
  }

  private failed(path: string, error: Error): void {
    this.notes.wrong(path, error);
    process.exitCode = EXIT.failed;
  }
}
