/** The file that a daemon writes its output to. */
// Not node:fs/promises: that is loaded at once, and a target would wait for it.
import { promises } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Opens `file` for appending, made with its directories where missing (mode 0640).
 * @throws the error of the file system (`EACCES`, `EISDIR`, …)
 */
export async function openOutput(file: string): Promise<FileHandle> {
  await promises.mkdir(dirname(file), { recursive: true });
  return promises.open(file, 'a', 0o640);
}
