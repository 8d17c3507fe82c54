/** Makes a directory that can be written to, or says why not. */
import { constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { access, mkdir } from './prompt-files.js';

/**
 * One level after the other: Node's own recursive mkdir never returns where a parent exists and refuses by ENOENT, as
 * /proc does.
 * @throws the error of the file system (ENOTDIR, EACCES, EROFS, ENOSPC, …)
 */
export async function ensureDirectory(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !isDirectory(at); at = dirname(at)) missing.push(at);
  for (const level of missing.reverse()) {
    await mkdir(level).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  await access(path, constants.W_OK | constants.X_OK);
}

/** Throws ENOTDIR for what is there and is none. */
function isDirectory(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.isDirectory()) return true;
  throw Object.assign(new Error(`ENOTDIR: ${path} is not a directory`), { code: 'ENOTDIR' });
}
