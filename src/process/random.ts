/** Names that nobody else comes upon. */
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

const BYTES = 8;
const drawn = Buffer.alloc(512 * BYTES);
let left = 0;

/** 16 hex digits. */
export function randomHex(): string {
  if (left === 0) draw();
  left -= BYTES;
  return drawn.toString('hex', left, left + BYTES);
}

/** From where `node:crypto` draws, too: that takes milliseconds to load, for which the first target would wait. */
function draw(): void {
  try {
    const source = openSync('/dev/urandom', 'r');
    left = readSync(source, drawn) & -BYTES;
    closeSync(source);
  } catch {
    randomFillSync(drawn);
    left = drawn.length;
  }
}
