/** Whether the target is meant to run: what an operator stopped stays stopped, over restarts of leaf and machine. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Desired = 'running' | 'stopped';

export class DesiredState {
  private readonly file: string;

  constructor(dataDir: string) {
    this.file = join(dataDir, 'desired');
  }

  /** `running` where nobody has said otherwise. */
  get(): Desired {
    try {
      return readFileSync(this.file, 'utf8').trim() === 'stopped' ? 'stopped' : 'running';
    } catch {
      return 'running';
    }
  }

  set(desired: Desired): void {
    if (this.get() === desired) return;
    try {
      writeFileSync(`${this.file}.new`, `${desired}\n`);
      renameSync(`${this.file}.new`, this.file);
    } catch {
      // A full disk must not keep an operator from stopping something.
    }
  }
}
