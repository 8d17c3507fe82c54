/** Takes what a target has written apart into pieces of whole lines, without looking at any line for long. */
import { countLines } from './count.js';

/** A piece of several lines is no longer. */
export const PIECE_BYTES = 64 * 1024;
/** A line beyond this is cut into several. */
export const LINE_BYTES = 16 * 1024 * 1024;

/** Up to where a stream is indexed, and up to where it is known to hold no further end of line. */
export interface Position {
  readonly at: number;
  readonly scanned: number;
}

export interface Piece {
  readonly offset: number;
  readonly bytes: number;
  readonly lines: number;
  readonly unended: boolean;
}

const NEWLINE = 10;

/** `chunk` is what stands at `position.scanned`. */
export function takePieces(
  chunk: Buffer,
  { at, scanned }: Position,
  mostLine = LINE_BYTES,
): { pieces: Piece[]; position: Position } {
  const pieces: Piece[] = [];
  const last = chunk.lastIndexOf(NEWLINE);
  let from = at;
  const take = (to: number, lines: number, unended = false): void => {
    pieces.push({ offset: from, bytes: to - from, lines, unended });
    from = to;
  };
  if (last !== -1) {
    const end = scanned + last + 1;
    let lines = countLines(chunk.subarray(0, last + 1));
    if (end - from > PIECE_BYTES && lines > 1) {
      take(scanned + chunk.indexOf(NEWLINE) + 1, 1);
      lines -= 1;
    }
    take(end, lines);
  }
  const to = scanned + chunk.length;
  while (to - from >= mostLine) take(from + mostLine, 1, true);
  return { pieces, position: { at: from, scanned: to } };
}
