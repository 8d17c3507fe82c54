/**
 * Counts lines. GB per CPU second, lines of 2 | 64 | 1024 bytes: from one end of line to the next by the native search
 * 0.07 | 2.2 | 23, four bytes at a time 1.5 whatever they are, byte by byte 0.5, by splitting text 0.07 | 0.9 | 3.4.
 */

const NEWLINE = 10;
/** Bytes of a line, on average, below which the search costs more than looking at all of them. */
const SHORT = 40;
/** So many lines are searched before it is asked again. */
const ASKED = 64;
/** Words after which four counters of 8 bits may be full. */
const FULL = 252;

export function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) {
    lines += 1;
    if (lines % ASKED === 0 && at < lines * SHORT) return lines + countInWords(chunk.subarray(at + 1));
  }
  return lines;
}

/** The same for lines that are short. */
function countInWords(chunk: Buffer): number {
  const head = -chunk.byteOffset & 3;
  if (chunk.length < head) return countBytes(chunk, 0, chunk.length);
  const words = new Int32Array(chunk.buffer, chunk.byteOffset + head, (chunk.length - head) >>> 2);
  const rest = head + words.length * 4;
  return countBytes(chunk, 0, head) + countWords(words) + countBytes(chunk, rest, chunk.length);
}

function countBytes(chunk: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to; at++) if (chunk[at] === NEWLINE) lines += 1;
  return lines;
}

function countWords(words: Int32Array): number {
  let lines = 0;
  for (let at = 0; at < words.length; ) {
    const stop = Math.min(words.length, at + FULL);
    let sums = 0;
    for (; at < stop; at++) {
      const word = (words[at] as number) ^ 0x0a0a0a0a;
      // The high bit of each byte that is zero, with no carry from one to the next.
      const zeros = ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word | 0x7f7f7f7f);
      sums = (sums + (zeros >>> 7)) | 0;
    }
    lines += (sums & 255) + ((sums >>> 8) & 255) + ((sums >>> 16) & 255) + (sums >>> 24);
  }
  return lines;
}
