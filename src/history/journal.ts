/**
 * What was added to history and may not be in its store yet. An event is acknowledged as soon as it was added: whoever told it
 * keeps it no longer, so that a killed node must find it here. Not synced: a machine that goes down loses the last of it.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { readTail } from '../node/tail.js';
import { entryOf, type HistoryEntry } from './entries.js';

/** Bytes, of which nothing may be longer in the waiting: what comes faster than it can be stored waits in memory alone. */
const MOST = 64 * 2 ** 20;

export class Journal {
  /** What an earlier run has left here, in order; some of it may be in the store. */
  readonly found: readonly HistoryEntry[];
  private fd: number | null = null;
  private bytes = 0;

  /** Never throws: on a disk that can't be had there is none. */
  constructor(private readonly file: string) {
    this.found = entriesIn(file);
  }

  /** At once, and in one piece. */
  append(entry: HistoryEntry): void {
    const line = Buffer.from(`\n${JSON.stringify(entry)}`);
    if (this.bytes + line.length > MOST) return;
    try {
      this.fd ??= openSync(this.file, 'a', 0o640);
      this.bytes += writeSync(this.fd, line);
    } catch {
      // A full disk: history says that itself.
    }
  }

  /** All of it is in the store. */
  empty(): void {
    try {
      this.fd ??= openSync(this.file, 'a', 0o640);
      ftruncateSync(this.fd);
      this.bytes = 0;
    } catch {
      // The next run finds what the store has as well.
    }
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
    this.fd = null;
  }
}

function entriesIn(file: string): HistoryEntry[] {
  try {
    const entries = readTail(file, MOST)
      .split('\n')
      .flatMap(line => entryOf(line) ?? []);
    return entries.sort((a, b) => a.id - b.id);
  } catch {
    return [];
  }
}
