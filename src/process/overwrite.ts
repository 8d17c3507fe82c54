/** Writes over the bytes of a file that is there: what needs no room on the disk. */
// Not node:fs/promises: that is loaded at once, and a target would wait for it.
import { promises } from 'node:fs';

/** Not atomic: who reads it must be able to tell one that was cut off. @throws the error of the file system */
export async function overwrite(file: string, text: string): Promise<void> {
  const held = await promises.open(file, 'r+');
  try {
    await held.write(text, 0);
    await held.truncate(Buffer.byteLength(text));
  } finally {
    await held.close();
  }
}
