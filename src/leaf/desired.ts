/** Whether the target is meant to run: what an operator stopped stays stopped, over restarts of leaf and machine. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Desired } from '../core/facts.js';

/** Milliseconds before a disk that took it not is tried again, and after a first start until room for a word is kept. */
const RETRY_MS = 1000;
/** As long as the words: one of them goes over it where the disk is full by then. */
const NOBODY = 'nobody ';

export class DesiredState {
  private readonly file: string;
  private now: Desired;
  private retry: NodeJS.Timeout | null = null;
  private changed: () => void = () => {};

  /** `first`: where nobody has said anything yet. `warn` is told of what is not as it should be. */
  constructor(
    dataDir: string,
    first: Desired = 'running',
    private readonly warn: (message: string) => void = () => {},
  ) {
    this.file = `${dataDir}/desired`;
    this.now = this.read() ?? first;
    if (!existsSync(this.file)) setTimeout(() => reserve(this.file), RETRY_MS).unref();
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
    this.keep(true);
    if (before !== desired) this.changed();
  }

  /** A full disk must not keep an operator from stopping something; who is killed over it would forget that he has. */
  private keep(isFirst: boolean): void {
    if (this.retry) clearTimeout(this.retry);
    this.retry = null;
    try {
      write(this.file, `${this.now}\n`);
      if (!isFirst) this.warn(`"${this.now}" is on disk`);
    } catch (error) {
      if (isFirst)
        this.warn(
          `"${this.now}" is known until this leaf ends, and tried again: ${(error as Error).message}`,
        );
      this.retry = setTimeout(() => this.keep(false), RETRY_MS).unref();
    }
  }

  private read(): Desired | null {
    if (!existsSync(this.file)) return null;
    try {
      const word = readFileSync(this.file, 'utf8').trim();
      if (word === 'stopped' || word === 'running') return word;
      if (word === NOBODY.trim()) return null;
      this.warn(`${this.file}: expected "running" or "stopped", found ${JSON.stringify(word.slice(0, 40))}`);
    } catch (error) {
      this.warn((error as Error).message);
    }
    return null;
  }
}

/** Not at the start itself, which a target would wait for. */
function reserve(file: string): void {
  try {
    writeFileSync(file, `${NOBODY}\n`, { flag: 'wx' });
  } catch {
    // somebody has said something meanwhile, or the disk is full already
  }
}

/** Both words are as long: where there is no room for another file, one goes over the other. @throws the error of the file system */
function write(file: string, line: string): void {
  const aside = `${file}.new`;
  try {
    writeFileSync(aside, line);
    renameSync(aside, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
    writeFileSync(file, line, { flag: 'r+' });
  }
}
