/** Which commands were carried out, and how each ended: kept on disk, so that a restart executes none of them again. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Result } from '../protocol/payloads.js';

export type Stage = Omit<Result, 'v' | 'ts'>;

interface Entry {
  readonly at: number;
  readonly stage: Stage;
}

/** Remembered at least: so many, and for so long (ms). More than MOST at once would be an attack. */
const LEAST = 1000;
const AGE_MS = 24 * 3600 * 1000;
const MOST = 50_000;

export class CommandMemory {
  private readonly entries = new Map<string, Entry>();
  private lines = 0;
  /** The last line was cut off: what is written next must not be taken for its end. */
  private torn = false;

  /** `file` null: not kept. A line that was cut off in the writing is passed over. */
  constructor(private readonly file: string | null) {
    if (file === null) return;
    mkdirSync(dirname(file), { recursive: true });
    const text = read(file);
    this.torn = text !== '' && !text.endsWith('\n');
    for (const line of text.split('\n')) this.take(line);
  }

  get(id: string): Stage | undefined {
    return this.entries.get(id)?.stage;
  }

  /** Written down before it is said or done. */
  set(stage: Stage, now: number): void {
    this.put({ at: now, stage });
    this.forgetOld(now);
    if (this.file === null) return;
    try {
      appendFileSync(this.file, `${this.torn ? '\n' : ''}${JSON.stringify({ at: now, stage })}\n`);
      this.torn = false;
      this.lines += 1;
      if (this.lines > 2 * this.entries.size + LEAST) this.compact(this.file);
    } catch {
      this.torn = true;
      // A full disk must not keep an operator from stopping something: until the next start memory has to do.
    }
  }

  private put(entry: Entry): void {
    this.entries.delete(entry.stage.id); // so that the newest stand last
    this.entries.set(entry.stage.id, entry);
  }

  private take(line: string): void {
    if (line === '') return;
    try {
      const entry = JSON.parse(line) as Entry;
      if (typeof entry.stage?.id === 'string' && typeof entry.at === 'number') this.put(entry);
      this.lines += 1;
    } catch {
      // the last line of one that was killed in the writing
    }
  }

  private forgetOld(now: number): void {
    for (const [id, { at }] of this.entries) {
      const old = now - at > AGE_MS && this.entries.size > LEAST;
      if (!old && this.entries.size <= MOST) return;
      this.entries.delete(id);
    }
  }

  private compact(file: string): void {
    const kept = [...this.entries.values()].map(entry => `${JSON.stringify(entry)}\n`).join('');
    writeFileSync(`${file}.new`, kept);
    renameSync(`${file}.new`, file);
    this.lines = this.entries.size;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
