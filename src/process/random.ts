/** Names that nobody else comes upon. */
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

const BYTES = 8;
const drawn = Buffer.alloc(512 * BYTES);
let left = 0;

/** 16 hex digits. */
export function randomHex(): string {
  if (left < BYTES) left = fromSystem() ?? randomFillSync(drawn).length;
  left -= BYTES;
  return drawn.toString('hex', left, left + BYTES);
}

/** From where `node:crypto` draws, too: that takes milliseconds to load, for which the first target would wait. Null where it gives too few. */
function fromSystem(): number | null {
  try {
    const source = openSync('/dev/urandom', 'r');
    try {
      const bytes = readSync(source, drawn);
      return bytes < BYTES ? null : bytes;
    } finally {
      closeSync(source);
    }
  } catch {
    return null;
  }
}
