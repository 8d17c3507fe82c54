/** The file that a target writes its output to. */

import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Opens `file` for appending, made with its directories where missing (mode 0640).
 * The handle's `fd` goes to `startProcess`; close the handle once the process has started.
 * @throws the error of the file system (`EACCES`, `EISDIR`, …)
 */
export async function openOutput(file: string): Promise<FileHandle> {
  await mkdir(dirname(file), { recursive: true });
  return open(file, 'a', 0o640);
}
