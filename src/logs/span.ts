/** Bytes of a stream, wherever its files hold them. */
import { closeSync, openSync, read as readWithCallback } from 'node:fs';
import { promisify } from 'node:util';
import type { DataFiles } from './data-files.js';

const read = promisify(readWithCallback);

/** Null where they are not all there any more. */
export async function readSpan(files: DataFiles, offset: number, bytes: number): Promise<Buffer | null> {
  const whole = Buffer.allocUnsafeSlow(bytes);
  for (let done = 0; done < bytes; ) {
    const file = files.holding(offset + done);
    if (file === null) return null;
    const end = files.after(file)?.start ?? Number.POSITIVE_INFINITY;
    const length = Math.min(bytes - done, end - offset - done);
    const got = await readFrom(file.path, whole.subarray(done, done + length), offset + done - file.start);
    if (got === 0) return null;
    done += got;
  }
  return whole;
}

/** Bytes read; 0 where there is nothing there. */
async function readFrom(path: string, into: Buffer, position: number): Promise<number> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
  try {
    const { bytesRead } = await read(fd, into, 0, into.length, position);
    return bytesRead;
  } finally {
    closeSync(fd);
  }
}
