/** The roster on disk: a line for each change, and now and then written anew. */
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { CanopyError } from '../../core/errors.js';
import type { Contents, Line } from './lines.js';

/** Lines beyond twice of what it holds after which it is written anew, and lines written in one go. */
const SPARE_LINES = 2000;
const PIECE_LINES = 500;
/** After an attempt to write all of it in vain, so many times as long without one. */
const RETRY_SHARE = 20;

export class RosterFile {
  /** Lines in the file. */
  private lines = 0;
  private broken = false;
  /** Of a disk that takes nothing: when it is tried again (monotonic ms), and what does so. */
  private retryAt = 0;
  private retry: NodeJS.Timeout | null = null;
  /** What was appended while it is written anew; null where it is not. */
  private meanwhile: string[] | null = null;

  /** `contents` is what it is to hold. `report` is told when it can't be written, once, and when it can be again. */
  constructor(
    private readonly file: string,
    private readonly contents: Contents,
    private readonly report: (problem: CanopyError | null) => void,
  ) {}

  /** Whole and at once: at the start, and where what is there can't be gone on with. */
  rewrite(): void {
    this.meanwhile = null;
    if (this.retry) clearTimeout(this.retry);
    this.retry = null;
    const begun = performance.now();
    this.trying(() => {
      mkdirSync(dirname(this.file), { recursive: true });
      const lines = Array.from(this.contents.lines(), lineOf);
      writeFileSync(`${this.file}.new`, lines.join(''));
      renameSync(`${this.file}.new`, this.file);
      this.lines = lines.length;
    });
    const now = performance.now();
    this.retryAt = now + RETRY_SHARE * (now - begun);
  }

  /** Not synced: it survives the process, and a machine that goes down loses some seconds of it. */
  append(lines: readonly Line[]): void {
    if (this.broken) return this.rewriteSoon();
    const text = lines.map(lineOf).join('');
    this.trying(() => appendFileSync(this.file, text));
    this.lines += lines.length;
    this.meanwhile?.push(text);
    if (this.meanwhile === null && this.lines > this.contents.size * 2 + SPARE_LINES) void this.compact();
  }

  /** The last try, where one waits for its turn. */
  stop(): void {
    if (this.retry) this.rewrite();
  }

  /** All of it is what may have to be written: no more than a small share of the time goes into that. */
  private rewriteSoon(): void {
    const wait = this.retryAt - performance.now();
    if (wait <= 0) this.rewrite();
    else this.retry ??= setTimeout(() => this.rewrite(), wait).unref();
  }

  /** A piece at a time: fifty thousand nodes in one go would hold the broker up. */
  private async compact(): Promise<void> {
    const next = `${this.file}.next`;
    const meanwhile: string[] = [];
    this.meanwhile = meanwhile;
    // As it is now: what changes from here on is appended behind it.
    const lines = [...this.contents.lines()];
    try {
      writeFileSync(next, '');
      for (let at = 0; at < lines.length; at += PIECE_LINES) {
        appendFileSync(
          next,
          lines
            .slice(at, at + PIECE_LINES)
            .map(lineOf)
            .join(''),
        );
        await turn();
      }
      // Written anew in another way since.
      if (this.broken || this.meanwhile !== meanwhile) return rmSync(next, { force: true });
      appendFileSync(next, meanwhile.join(''));
      renameSync(next, this.file);
      this.lines = lines.length + meanwhile.length;
    } catch {
      // A full disk: the longer one goes on.
      this.lines = 0;
      rmSync(next, { force: true });
    } finally {
      if (this.meanwhile === meanwhile) this.meanwhile = null;
    }
  }

  private trying(write: () => void): void {
    try {
      write();
      if (this.broken) this.report(null);
      this.broken = false;
    } catch (error) {
      if (this.broken) return;
      this.broken = true;
      const { message } = error as Error;
      this.report(
        new CanopyError(
          'unwritable-roster',
          `${this.file}: ${message}; until it can be written, nodes that are new or changed are forgotten by a restart`,
        ),
      );
    }
  }
}

const lineOf = (line: Line): string => `${JSON.stringify(line)}\n`;
