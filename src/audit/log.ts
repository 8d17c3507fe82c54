/** The audit log of a node: who did what, one JSON line each, only ever added to and bounded in size. */
import type { Audit, AuditEntry, AuditNote } from '../core/audit-entry.js';
import type { Clock } from '../core/clock.js';
import { append, FILES, roll } from './files.js';
import { Flood } from './flood.js';

export interface AuditOptions {
  /** The data directory of the node. */
  readonly dir: string;
  /** Of all its files together. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
}

/** Milliseconds until what was only counted is said, where nothing else of its kind comes. */
const REST_MS = 10_000;
/** Milliseconds between two lines in the node's log about entries that are lost. */
const QUIET_MS = 60_000;
/** Characters of what a caller may choose. */
const LONGEST = 200;

export class AuditLog implements Audit {
  /** Since the start: lines that were written, notes that were only counted, and lines that could not be written. */
  readonly counts = { written: 0, unwritten: 0, lost: 0 };
  private readonly flood: Flood;
  private timer: NodeJS.Timeout | null = null;
  private toldAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: AuditOptions) {
    this.flood = new Flood(() => options.clock.mono());
  }

  note(note: AuditNote): void {
    const passed = this.flood.pass(note);
    if (passed) return this.write(passed);
    this.counts.unwritten += 1;
    this.timer ??= setTimeout(() => this.sayRest(), REST_MS).unref();
  }

  /** Says what was only counted. */
  close(): void {
    if (this.timer) clearTimeout(this.timer);
    this.sayRest();
  }

  private sayRest(): void {
    this.timer = null;
    for (const note of this.flood.rest()) this.write(note);
  }

  private write(note: AuditNote): void {
    const { dir, maxBytes, clock } = this.options;
    try {
      const size = append(dir, lineOf(note, clock.now()));
      this.counts.written += 1;
      if (size >= maxBytes / FILES) roll(dir);
    } catch (error) {
      this.counts.lost += 1;
      this.tell(error as Error);
    }
  }

  /** A full disk must not keep an operator from stopping something. */
  private tell(error: Error): void {
    const { clock, log } = this.options;
    if (clock.mono() - this.toldAt < QUIET_MS) return;
    this.toldAt = clock.mono();
    log.warn({ err: error, lost: this.counts.lost }, `the audit log loses entries: ${error.message}`);
  }
}

/** For a command line beside a node that may run: it never rolls. @throws the error of the file system */
export function noteLocally(dir: string, note: AuditNote, now = Date.now()): void {
  append(dir, lineOf(note, now));
}

export function lineOf({ by, address, via, path, op, outcome, ...rest }: AuditNote, ts: number): string {
  const entry: AuditEntry = { ts, by: cut(by), address, via, path: path && cut(path), op: cut(op), outcome };
  const more = Object.entries(rest).map(([key, value]) => [
    key,
    typeof value === 'string' ? cut(value) : value,
  ]);
  return `${JSON.stringify({ ...entry, ...Object.fromEntries(more) })}\n`;
}

const cut = (text: string): string => text.slice(0, LONGEST).toWellFormed();
