/** One writer at a time, across processes: the command line writes the files of a node that runs. */
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CanopyError } from '../core/errors.js';
import { AlreadyRunningError, claimPidFile, releasePidFile } from '../process/pid-file.js';
import { ensurePrivateDirectory } from './private-files.js';

/** Milliseconds that another writer may take: each reads and writes one small file. */
const WAIT_MS = 10_000;

/**
 * Holds `file`.lock while `act` runs. One left by a process that is gone is taken over.
 * @throws CanopyError `locked` after 10 s; the error of `act`, or of the file system
 */
export async function locked<T>(file: string, act: () => T | Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  ensurePrivateDirectory(dirname(lock));
  const deadline = performance.now() + WAIT_MS;
  while (!(await claimed(lock, performance.now() > deadline))) await pause(5 + 20 * Math.random());
  try {
    return await act();
  } finally {
    await releasePidFile(lock);
  }
}

async function claimed(lock: string, isLast: boolean): Promise<boolean> {
  try {
    await claimPidFile(lock);
    return true;
  } catch (error) {
    if (!(error instanceof AlreadyRunningError)) throw error;
    if (!isLast) return false;
    throw new CanopyError(
      'locked',
      `${lock}: expected it to be given back within ${WAIT_MS / 1000} s, found it held by process ${error.pid}`,
    );
  }
}
