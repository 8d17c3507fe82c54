/** Which commands were carried out, and how each ended: kept on disk, so that a restart executes none of them again. */
import { appendFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Result } from '../protocol/payloads.js';
import { readTail } from './tail.js';

export type Stage = Omit<Result, 'v' | 'ts'>;

interface Entry {
  readonly at: number;
  readonly stage: Stage;
  /** Of its line on disk. */
  readonly bytes: number;
}

/** Remembered at least: so many, and for so long (ms) while they are not more than MOST in number or bytes. */
const LEAST = 1000;
const AGE_MS = 24 * 3600 * 1000;
const MOST = 50_000;
const MOST_BYTES = 8 * 1024 * 1024;

export class CommandMemory {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;
  /** What the file holds, those that were overwritten since included. */
  private written = { lines: 0, bytes: 0 };
  /** The last line was cut off: what is written next must not be taken for its end. */
  private torn = false;

  /** `file` null: not kept. A line that was cut off in the writing is passed over. */
  constructor(private readonly file: string | null) {
    if (file === null) return;
    if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true });
    // More than it is ever made to hold is not ours to believe, and its newest lines stand last.
    const text = readTail(file, 4 * MOST_BYTES);
    this.torn = text !== '' && !text.endsWith('\n');
    for (const line of text.split('\n')) this.take(line);
    this.written.bytes = sizeOf(text);
    this.forgetOld(0);
  }

  get(id: string): Stage | undefined {
    return this.entries.get(id)?.stage;
  }

  /** The same with when it was written, ms since the epoch. */
  find(id: string): { readonly at: number; readonly stage: Stage } | undefined {
    return this.entries.get(id);
  }

  /** Those whose end was never written, in the order in which they came so far. */
  unfinished(): Stage[] {
    return [...this.entries.values()].flatMap(({ stage }) => (stage.done ? [] : [stage]));
  }

  /**
   * Written down before it is said or done. Not synced: that helps only where the machine goes down, takes 0.2 ms in the median and
   * 29 ms at worst (ext4 on a virtual disk, 500 times), and the loop that would wait for it restarts targets and beats the heart.
   */
  set(stage: Stage, now: number): void {
    const line = lineOf(now, stage);
    this.put({ at: now, stage, bytes: sizeOf(line) });
    this.forgetOld(now);
    if (this.file === null) return;
    try {
      appendFileSync(this.file, this.torn ? `\n${line}` : line);
      this.torn = false;
      this.written.lines += 1;
      this.written.bytes += sizeOf(line);
      const { lines, bytes } = this.written;
      if (lines > 2 * this.entries.size + LEAST || bytes > this.bytes + MOST_BYTES) this.compact(this.file);
    } catch {
      this.torn = true;
      // A full disk must not keep an operator from stopping something: until the next start memory has to do.
    }
  }

  private put(entry: Entry): void {
    this.drop(entry.stage.id); // so that the newest stand last
    this.entries.set(entry.stage.id, entry);
    this.bytes += entry.bytes;
  }

  private drop(id: string): void {
    this.bytes -= this.entries.get(id)?.bytes ?? 0;
    this.entries.delete(id);
  }

  private take(line: string): void {
    if (line === '') return;
    try {
      const { at, stage } = JSON.parse(line) as Entry;
      if (typeof stage?.id === 'string' && typeof at === 'number')
        this.put({ at, stage, bytes: sizeOf(line) + 1 });
      this.written.lines += 1;
    } catch {
      // the last line of one that was killed in the writing
    }
  }

  private forgetOld(now: number): void {
    for (const [id, { at }] of this.entries) {
      const tooMany = this.entries.size > MOST || this.bytes > MOST_BYTES;
      if (!tooMany && now - at <= AGE_MS) break;
      if (this.entries.size <= LEAST) break;
      this.drop(id);
    }
    if (this.bytes > MOST_BYTES) this.shorten();
  }

  /** A thousand with long lists of leaves: how the oldest ended stays known, the lists do not. */
  private shorten(): void {
    for (const [id, { at, stage, bytes }] of this.entries) {
      if (this.bytes <= MOST_BYTES) return;
      if (stage.data === undefined) continue;
      const { data: _, ...rest } = stage;
      const kept = sizeOf(lineOf(at, rest));
      this.entries.set(id, { at, stage: rest, bytes: kept });
      this.bytes -= bytes - kept;
    }
  }

  private compact(file: string): void {
    const kept = [...this.entries.values()].map(({ at, stage }) => lineOf(at, stage)).join('');
    writeFileSync(`${file}.new`, kept);
    renameSync(`${file}.new`, file);
    this.written = { lines: this.entries.size, bytes: sizeOf(kept) };
  }
}

const lineOf = (at: number, stage: Stage): string => `${JSON.stringify({ at, stage })}\n`;
const sizeOf = (text: string): number => Buffer.byteLength(text);
