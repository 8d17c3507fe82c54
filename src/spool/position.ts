/** Up to where a spool was sent, and what it had to drop: written now and then, so after a kill -9 some is sent again. */
import { readFileSync, writeFileSync } from 'node:fs';

export interface Place {
  readonly segment: number;
  /** Bytes from the beginning of its file. */
  readonly at: number;
}

/** Dropped since the parent was last told. */
export interface Dropped {
  readonly count: number;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
}
export interface Position {
  readonly place: Place;
  readonly dropped: Dropped | null;
}

/** As many every time: it fits over the last one on a full disk. */
const BYTES = 160;
const START: Position = { place: { segment: 0, at: 0 }, dropped: null };

/** One that can't be read is the beginning: what comes twice is known for that further up. */
export function readPosition(file: string): Position {
  try {
    const { place, dropped } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Position>;
    const isPlace = isCount(place?.segment) && isCount(place?.at);
    const isDropped = isCount(dropped?.count) && isCount(dropped?.since);
    return {
      place: isPlace ? (place as Place) : START.place,
      dropped: isDropped ? (dropped as Dropped) : null,
    };
  } catch {
    return START;
  }
}

/** On a disk where that is impossible the last one stands. */
export function writePosition(file: string, position: Position): void {
  try {
    writeFileSync(file, `${JSON.stringify({ v: 1, ...position }).padEnd(BYTES - 1)}\n`, { flag: 'r+' });
  } catch {
    try {
      writeFileSync(file, `${JSON.stringify({ v: 1, ...position }).padEnd(BYTES - 1)}\n`);
    } catch {
      // as above
    }
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
