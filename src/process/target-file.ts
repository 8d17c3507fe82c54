/**
 * What leaf and wrapper know of a target, in one small file of its data directory, `target.run`. Three lines: the token of the
 * last launch, which is the leaf's; how the launch of a token ended, and who the target is, which are the shim's (or the wrapper's).
 *
 * Each is written in place, over bytes that are there: a full disk does not keep a target from being started. A shell finds a
 * line by those before it, byte by byte: the short ones come first, and are made whole before each launch.
 */
import {
  closeSync,
  fstatSync,
  futimesSync,
  openSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { at } from './file-error.js';

/** Bytes of the lines, line breaks included. */
export const TOKEN_BYTES = 17;
export const END_BYTES = 24;
export const WHO_BYTES = 128;
export const END_AT = TOKEN_BYTES;
export const WHO_AT = TOKEN_BYTES + END_BYTES;
const ALL_BYTES = WHO_AT + WHO_BYTES;

export interface TargetFile {
  /** Each without its line break; null where it was cut off in the writing. */
  readonly token: string | null;
  readonly who: string | null;
  readonly end: string | null;
  /** When it was last written (milliseconds since the epoch): by the shim, unless there was none. */
  readonly writtenAt: number;
}

const fileOf = (dataDir: string): string => `${dataDir}/target.run`;
const line = (text: string, bytes: number): string => `${text.padEnd(bytes - 1)}\n`;

/** Null where there is none. @throws the error of the file system */
export function readTargetFile(dataDir: string): TargetFile | null {
  const file = fileOf(dataDir);
  return held(file, 'r', fd => {
    const buffer = Buffer.alloc(ALL_BYTES);
    const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, ALL_BYTES, 0));
    const lineAt = (from: number, bytes: number): string | null => {
      const found = text.slice(from, from + bytes);
      return found.indexOf('\n') === bytes - 1 ? found.trimEnd() : null;
    };
    const token = lineAt(0, TOKEN_BYTES);
    const [end, who] = [lineAt(TOKEN_BYTES, END_BYTES), lineAt(WHO_AT, WHO_BYTES)];
    return { token, who, end, writtenAt: fstatSync(fd).mtimeMs };
  });
}

/**
 * `token`: 16 characters. For a launch the end of an earlier one goes; else the time of the file stays as it is, which is the
 * shim's to tell. True where it has made the file. @throws the error of the file system
 */
export function writeToken(dataDir: string, token: string, why: 'launch' | 'look'): boolean {
  const file = fileOf(dataDir);
  const [own, both] = [line(token, TOKEN_BYTES), line(token, TOKEN_BYTES) + line('', END_BYTES)];
  const isThere = held(file, 'r+', fd => {
    const { size, atime, mtime } = fstatSync(fd);
    // One that was cut off gets its room again.
    if (size < ALL_BYTES) writeSync(fd, both + line('', WHO_BYTES), 0);
    else writeSync(fd, why === 'launch' ? both : own, 0);
    if (why === 'look') futimesSync(fd, atime, mtime);
    return true;
  });
  if (isThere) return false;
  try {
    writeFileSync(file, both + line('', WHO_BYTES), { flag: 'wx' });
    return true;
  } catch (error) {
    return at(file)(error as NodeJS.ErrnoException);
  }
}

export function writeWho(dataDir: string, who: string): void {
  const file = fileOf(dataDir);
  held(file, 'r+', fd => writeSync(fd, line(who, WHO_BYTES), WHO_AT));
}

/** Null where there is no such file, as before every first launch: an error costs more than a look. */
function held<T>(file: string, flags: 'r' | 'r+', use: (fd: number) => T): T | null {
  let fd: number;
  try {
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return null;
    fd = openSync(file, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    return at(file)(error as NodeJS.ErrnoException);
  }
  try {
    return use(fd);
  } catch (error) {
    return at(file)(error as NodeJS.ErrnoException);
  } finally {
    closeSync(fd);
  }
}
