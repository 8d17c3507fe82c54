/** A private file that is read again when it has changed. What can't be read never opens a door: the last good one stays in force. */
import { statSync } from 'node:fs';
import { CanopyError } from '../core/errors.js';
import { locked } from './lock.js';
import { checkRoom, MOST_ADDED_BYTES, readPrivate, writePrivate } from './private-files.js';

export interface Format<T> {
  readonly empty: T;
  /** @throws Error that says what was expected and what was found */
  parse(text: string): T;
  print(value: T): string;
}

/** Of the machine and not of the file: it may be read at the next look, unchanged. */
const TRANSIENT: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'EIO', 'ENOMEM', 'EAGAIN']);

export class KeptFile<T> {
  private value: T;
  private seen = '';
  private told = '';

  /** Not read before `open`. `report` is told of every change that can't be read, once. */
  constructor(
    readonly file: string,
    private readonly format: Format<T>,
    private readonly report: (error: CanopyError) => void = () => {},
    private readonly readText: (file: string) => string = readPrivate,
  ) {
    this.value = format.empty;
  }

  get current(): T {
    return this.value;
  }

  /** Where there is none it is empty. @throws CanopyError `loose-permissions` or `bad-identity-file` */
  open(): this {
    const mark = this.mark();
    this.value = this.read();
    this.seen = mark;
    return this;
  }

  /** Whether what holds has changed. One that was removed is empty, as it would be at the next start. */
  look(): boolean {
    const mark = this.mark();
    if (mark === this.seen) return false;
    try {
      this.value = this.read();
      this.seen = mark;
      return true;
    } catch (error) {
      this.missed(error as CanopyError, mark);
      return false;
    }
  }

  /** Said once for each mark, also where it is tried again at every look. */
  private missed({ code, message, cause }: CanopyError, mark: string): void {
    const isTransient = TRANSIENT.has((cause as NodeJS.ErrnoException | undefined)?.code);
    if (!isTransient) this.seen = mark;
    else if (this.told === mark) return;
    this.told = mark;
    const then = 'what it said before stays in force, and nothing new is let in';
    this.report(new CanopyError(code, `${message}; ${then}`, { cause }));
  }

  /**
   * Reads it anew, so that nothing is lost that another process wrote, and writes what `change` makes of it; the same value
   * is not written.
   * `adds`: there is to be room left for revoking all that is in it.
   * @throws what `change` throws, and CanopyError `locked`; `bad-argument` and `file-full` for what could not be read again
   */
  async update(change: (value: T) => T, adds: 'adds' | '' = ''): Promise<T> {
    return locked(this.file, () => {
      const before = this.read();
      const after = change(before);
      if (after === before) return before;
      const text = this.format.print(after);
      this.check(text);
      writePrivate(this.file, text, adds ? MOST_ADDED_BYTES : undefined);
      return after;
    });
  }

  /** @throws CanopyError `file-full` where so many bytes more would be too much */
  hasRoom(bytes: number): void {
    const size = statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
    checkRoom(this.file, size + bytes, MOST_ADDED_BYTES);
  }

  private check(text: string): void {
    try {
      this.format.parse(text);
    } catch (error) {
      throw new CanopyError('bad-argument', (error as Error).message);
    }
  }

  private read(): T {
    let text: string;
    try {
      text = this.readText(this.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.format.empty;
      throw asOurs(error, this.file);
    }
    try {
      return this.format.parse(text);
    } catch (error) {
      throw asOurs(error, this.file);
    }
  }

  /** Changes whenever the file does, its mode and another one in its place included. */
  private mark(): string {
    try {
      const found = statSync(this.file, { bigint: true, throwIfNoEntry: false });
      return found ? `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}` : 'none';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unknown';
    }
  }
}

function asOurs(error: unknown, file: string): CanopyError {
  if (error instanceof CanopyError) return error;
  return new CanopyError('bad-identity-file', `${file}: ${(error as Error).message.slice(0, 300)}`, {
    cause: error,
  });
}
