/** A file that says something from the first moment on, or as good as: in one place, without a draft and its links. */
import { closeSync, fstatSync, openSync, rmSync, statSync, writeSync } from 'node:fs';

/**
 * False where there is a file, or where somebody has put ours away between its making and its first word, as what a dead
 * process left. @throws the error of the file system, with nothing left behind
 */
export function makeNew(
  file: string,
  text: string,
  put: (fd: number, text: string) => unknown = writeSync,
): boolean {
  const fd = openNew(file);
  if (fd === null) return false;
  try {
    put(fd, text);
    return isAt(fd, file);
  } catch (error) {
    if (isAt(fd, file)) rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function openNew(file: string): number | null {
  try {
    return openSync(file, 'wx', 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  }
}

const isAt = (fd: number, file: string): boolean =>
  fstatSync(fd, { bigint: true }).ino === statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
