/**
 * What was taken already: whoever sends a message again, since nobody had acknowledged it, is not taken at his word twice. By
 * topic and epoch the highest `seq`; kept on disk, so that it holds over a restart. It is written a moment after the message
 * went on, never before: where the process dies in between, the message comes twice rather than never.
 */
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readTail } from '../node/tail.js';

/** Of one topic; the epoch that was used longest ago goes first. */
const EPOCHS = 8;
/** Topics, and the bytes of the file that are read at most. */
const MOST = 100_000;
const MOST_BYTES = 32 * 1024 * 1024;
/** Lines beyond twice what is known before the file is written anew. */
const SPARE_LINES = 5000;
/** Milliseconds. */
const SOON_MS = 20;

type Line = readonly [topic: string, epoch: number, seq: number];

export class Seen {
  private readonly topics = new Map<string, Map<number, number>>();
  private unwritten = new Map<string, Line>();
  private lines = 0;
  /** Lines that it took to hold all, when they were last counted. */
  private needed = 0;
  private timer: NodeJS.Timeout | null = null;

  /** `file` null: not kept. What is no line of it is passed over. */
  constructor(private readonly file: string | null = null) {
    if (file === null) return;
    mkdirSync(dirname(file), { recursive: true });
    for (const text of readTail(file, MOST_BYTES).split('\n')) this.read(text);
    this.needed = this.kept();
  }

  /** False where it was taken before. Without a number nobody can tell. */
  take(topic: string, { epoch, seq }: { readonly epoch?: number; readonly seq?: number }): boolean {
    if (epoch === undefined || seq === undefined) return true;
    const last = this.topics.get(topic)?.get(epoch);
    if (last !== undefined && seq <= last) return false;
    this.note(topic, epoch, seq);
    if (this.file === null) return true;
    this.unwritten.set(`${epoch} ${topic}`, [topic, epoch, seq]);
    this.timer ??= setTimeout(() => this.flush(), SOON_MS);
    return true;
  }

  forget(topic: string): void {
    this.topics.delete(topic);
  }

  /** Writes what is not written yet. */
  flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    const lines = [...this.unwritten.values()];
    this.unwritten = new Map();
    if (this.file === null || lines.length === 0) return;
    this.lines += lines.length;
    try {
      if (this.lines > 2 * this.needed + SPARE_LINES) this.compact(this.file);
      // Begun on a line of its own: the last one may have been cut off.
      else appendFileSync(this.file, `\n${lines.map(line => JSON.stringify(line)).join('\n')}`);
    } catch {
      // A full disk: what comes again after a restart is taken twice.
    }
  }

  private note(topic: string, epoch: number, seq: number): void {
    const epochs = this.topics.get(topic) ?? new Map<number, number>();
    epochs.delete(epoch);
    epochs.set(epoch, seq);
    trim(epochs, EPOCHS);
    this.topics.delete(topic);
    this.topics.set(topic, epochs);
    trim(this.topics, MOST);
  }

  private read(text: string): void {
    if (text === '') return;
    this.lines += 1;
    try {
      const [topic, epoch, seq] = JSON.parse(text) as Partial<Line>;
      if (typeof topic === 'string' && Number.isSafeInteger(epoch) && Number.isSafeInteger(seq))
        this.note(topic, epoch as number, seq as number);
    } catch {
      // cut off in the writing
    }
  }

  private compact(file: string): void {
    const all = [...this.topics].flatMap(([topic, epochs]) =>
      [...epochs].map(([epoch, seq]) => JSON.stringify([topic, epoch, seq])),
    );
    writeFileSync(`${file}.new`, all.join('\n'));
    renameSync(`${file}.new`, file);
    this.lines = all.length;
    this.needed = all.length;
  }

  private kept(): number {
    let count = 0;
    for (const epochs of this.topics.values()) count += epochs.size;
    return count;
  }
}

/** The first that was set is the one that was used longest ago. */
function trim(map: Map<string | number, unknown>, most: number): void {
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
