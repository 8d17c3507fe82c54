/** The file that a daemon writes its output to. */

import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Opens `file` for appending, made with its directories where missing (mode 0640).
 * @throws the error of the file system (`EACCES`, `EISDIR`, …)
 */
export async function openOutput(file: string): Promise<FileHandle> {
  await mkdir(dirname(file), { recursive: true });
  return open(file, 'a', 0o640);
}
