import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { at } from '../process/file-error.js';

/** The last `most` bytes of a file at most, from the beginning of a line where it is longer; '' where there is none. */
export function readTail(file: string, most: number): string {
  // An error takes longer than the question: of a hundred leaves that are new, none has one.
  if (!existsSync(file)) return '';
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const from = Math.max(0, size - most);
    const buffer = Buffer.alloc(size - from);
    const text = buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, from));
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } catch (error) {
    return at(file)(error as NodeJS.ErrnoException);
  } finally {
    closeSync(fd);
  }
}
