/** Files that hold secrets: readable by their owner alone, written whole or not at all. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { CanopyError } from '../core/errors.js';

/** Bytes: a thousand nodes and tokens take a quarter of a megabyte. */
const MOST_BYTES = 16 * 1024 * 1024;
/** Of one that something is added to: in the rest, all that is in it can still be revoked. */
export const MOST_ADDED_BYTES = 14 * 1024 * 1024;
const OTHERS = 0o077;

/**
 * @throws CanopyError `loose-permissions` where group or others may read or write it, `bad-identity-file` where it is no
 * file or too large; else the error of the file system
 */
export function readPrivate(file: string): string {
  // Not blocking, so that a named pipe in its place holds nobody up.
  const held = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(held);
    if (!found.isFile() || found.size > MOST_BYTES)
      throw new CanopyError(
        'bad-identity-file',
        `${file}: expected a file of at most ${MOST_BYTES} bytes, found ${found.isFile() ? `${found.size} bytes` : 'no file'}`,
      );
    if ((found.mode & OTHERS) !== 0)
      throw new CanopyError(
        'loose-permissions',
        `${file}: expected mode 0600, so that only its owner can read it, found ${octal(found.mode)}: chmod 600 ${file}`,
      );
    return readFileSync(held, 'utf8');
  } finally {
    closeSync(held);
  }
}

/** @throws CanopyError `file-full` */
export function checkRoom(file: string, bytes: number, most: number): void {
  if (bytes > most)
    throw new CanopyError('file-full', `${file}: expected to write at most ${most} bytes, found ${bytes}`);
}

/** In a directory that is made (0700) where it is missing. Who reads it meanwhile sees the old or the new text, never less. @throws CanopyError `file-full` for what is beyond `most` bytes */
export function writePrivate(file: string, text: string, most = MOST_BYTES): void {
  checkRoom(file, Buffer.byteLength(text), most);
  ensurePrivateDirectory(dirname(file));
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    const held = openSync(draft, 'wx', 0o600);
    try {
      likeDirectory(held, dirname(file));
      // Unlike one write, it goes on after a short one: a disk may fill up in the middle.
      writeFileSync(held, text);
      fsyncSync(held);
    } finally {
      closeSync(held);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncDirectory(dirname(file));
}

export function ensurePrivateDirectory(path: string): void {
  const made = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  const held = openSync(path, 'r');
  try {
    likeDirectory(held, dirname(made));
  } finally {
    closeSync(held);
  }
}

/** What the superuser writes for a node that runs as somebody else must be that one's. */
function likeDirectory(held: number, directory: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(directory);
  fchownSync(held, uid, gid);
}

/** So that the rename is on the disk too; where a file system can't, it is as safe as it gets. */
function syncDirectory(path: string): void {
  const held = openSync(path, 'r');
  try {
    fsyncSync(held);
  } catch {
    // EINVAL on some file systems
  } finally {
    closeSync(held);
  }
}

const octal = (mode: number): string => `0${(mode & 0o777).toString(8)}`;
