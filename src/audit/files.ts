/** The files of an audit log: the one that is written, and older ones that it was rolled into. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** How many there are at most, the one that is written included. */
export const FILES = 4;

/** `0` is the one that is written; the higher, the older. */
export const auditFile = (dir: string, at = 0): string =>
  join(dir, at === 0 ? 'audit.jsonl' : `audit.${at}.jsonl`);

const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/**
 * Whole lines, at the end, whoever else writes. Opened anew each time, so that two processes need not know of each other's
 * rolling. Returns how long the file is now, in bytes.
 * @throws the error of the file system
 */
export function append(dir: string, text: string): number {
  const fd = openSync(auditFile(dir), FLAGS, 0o600);
  try {
    const { mode, size } = fstatSync(fd);
    // One that somebody else made, or whose mode was changed.
    if ((mode & 0o077) !== 0) fchmodSync(fd, 0o600);
    // One that a crash or a full disk has cut off must not become one with the next.
    const bytes = Buffer.from(endsLine(fd, size) ? text : `\n${text}`);
    let written = 0;
    while (written < bytes.length) written += writeSync(fd, bytes, written);
    return size + bytes.length;
  } finally {
    closeSync(fd);
  }
}

function endsLine(fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 10);
}

/** The oldest goes, the others become a step older. @throws the error of the file system */
export function roll(dir: string): void {
  rmSync(auditFile(dir, FILES - 1), { force: true });
  for (let at = FILES - 2; at >= 0; at -= 1) {
    try {
      renameSync(auditFile(dir, at), auditFile(dir, at + 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
