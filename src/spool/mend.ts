/** Reads a segment that an earlier process has left, and puts aside what is none or is spoilt. */
import { copyFileSync, readFileSync, renameSync, truncateSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { forgetOld } from './aside.js';
import type { News } from './news.js';
import { decode, foreignHeader, HEADER, VERSION } from './record.js';

export interface Left {
  /** Where each of its records ends. */
  readonly ends: readonly number[];
  readonly bytes: number;
}

/** Null where nothing of it can be used. `isLast`: a record that was cut off is what a kill -9 leaves. */
export function readLeft(
  file: string,
  isLast: boolean,
  now: number,
  tell: (news: News) => void,
): Left | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const reason = `${putAside(file, now, 'rename')}: ${(error as Error).message}`;
    tell({ code: 'spool-damaged', reason });
    return null;
  }
  const foreign = foreignHeader(bytes);
  // Cut off within its first line: nothing was written behind it.
  if (isLast && HEADER.subarray(0, bytes.length).equals(bytes)) return { ends: [], bytes: bytes.length };
  if (foreign !== null) {
    const code = foreign === 'newer' ? 'spool-newer' : 'spool-damaged';
    const expected = `expected "canopy spool ${VERSION}"`;
    const found = `found ${JSON.stringify(bytes.toString('latin1', 0, 24))}`;
    tell({ code, reason: `${putAside(file, now, 'rename')}: ${expected}, ${found}` });
    return null;
  }
  const ends: number[] = [];
  let at = HEADER.length;
  while (at < bytes.length) {
    const found = decode(bytes, at);
    if (found === 'torn' && isLast) break;
    if (typeof found === 'string') {
      const left = bytes.length - at;
      const reason = `${putAside(file, now, 'copy')}: ${left} bytes from ${at} on are no messages (${found}); what is before them is sent`;
      tell({ code: 'spool-damaged', reason });
      break;
    }
    at = found.end;
    ends.push(at);
  }
  if (at < bytes.length) cut(file, at);
  return { ends, bytes: at };
}

function cut(file: string, at: number): void {
  try {
    truncateSync(file, at);
  } catch {
    // No more of it is read anyway.
  }
}

function putAside(file: string, now: number, how: 'rename' | 'copy'): string {
  const aside = `${file}.bad-${now}`;
  try {
    if (how === 'rename') renameSync(file, aside);
    else copyFileSync(file, aside);
    forgetOld(dirname(file));
    return `${basename(file)} of the spool is kept as ${aside}`;
  } catch (error) {
    return `${file} could not be put aside (${(error as Error).message})`;
  }
}
