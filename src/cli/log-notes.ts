/** What is said beside the lines of logs, on stderr: each thing once. */
import { GapNotes } from './log-gaps.js';
import { Presence } from './log-presence.js';
import { note } from './log-print.js';
import { Runs } from './log-runs.js';

export class LogNotes {
  readonly presence = new Presence(note);
  readonly runs = new Runs(note);
  private readonly gapsOf = new Map<string, GapNotes>();
  /** Those that nobody would hand on, since so many others are. */
  private readonly unheard = new Set<string>();
  private isBroken = false;

  gaps(path: string): GapNotes {
    const found = this.gapsOf.get(path);
    if (found) return found;
    const made = new GapNotes(words => note(`${path || '.'}: ${words}`));
    this.gapsOf.set(path, made);
    return made;
  }

  wrong(path: string, error: Error): void {
    note(`${path || '.'}: ${error.message}`);
  }

  waits(path: string, error: Error): void {
    this.presence.isAway(path);
    note(`${path || '.'}: waiting: ${error.message}`);
  }

  /** Said once of each: the others go on, and it is tried again. */
  crowded(path: string, why: string | null): void {
    if (!this.unheard.has(path)) note(`${path || '.'}: not followed yet: ${why}`);
    this.unheard.add(path);
  }

  /** Said once for all that break together. */
  trouble(why: string | null): void {
    if (why !== null && !this.isBroken) note(`broken off, trying again: ${why}`);
    this.isBroken = why !== null;
  }
}
