/** Whether the target is meant to run: what an operator stopped stays stopped, over restarts of leaf and machine. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Desired } from '../core/facts.js';

export class DesiredState {
  private readonly file: string;
  private now: Desired;
  private changed: () => void = () => {};

  /** `first`: where nobody has said anything yet. */
  constructor(dataDir: string, first: Desired = 'running') {
    this.file = `${dataDir}/desired`;
    this.now = read(this.file) ?? first;
  }

  onChange(listener: () => void): void {
    this.changed = listener;
  }

  get(): Desired {
    return this.now;
  }

  set(desired: Desired): void {
    const before = this.now;
    this.now = desired;
    try {
      writeFileSync(`${this.file}.new`, `${desired}\n`);
      renameSync(`${this.file}.new`, this.file);
    } catch {
      // A full disk must not keep an operator from stopping something.
    }
    if (before !== desired) this.changed();
  }
}

function read(file: string): Desired | null {
  if (!existsSync(file)) return null;
  try {
    const word = readFileSync(file, 'utf8').trim();
    return word === 'stopped' || word === 'running' ? word : null;
  } catch {
    return null;
  }
}
