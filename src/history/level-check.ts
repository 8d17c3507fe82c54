/**
 * The tables of a LevelDB, by the sums that stand in them. It looks at few of these itself, and ends the whole process where what it
 * then reads makes no sense to it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Cursor, maskedCrc, unpacked } from './level-bytes.js';

const FOOTER = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** Behind each block: how it is packed, and the sum of both. */
const TRAILER = 5;
const LOG_BLOCK = 32_768;
const LOG_HEADER = 7;
/** A record in one piece, or its first and last one; 3 is one in between. */
const [FULL, FIRST, LAST] = [1, 2, 4];

/** `manifest`: its name. Throws as LevelDB does; what that finds out by itself, and says, is left to it. */
export async function checkTables(directory: string, manifest: string): Promise<void> {
  for (const number of liveTables(await readFile(join(directory, manifest)))) {
    const name = String(number).padStart(6, '0');
    const bytes = await readFile(join(directory, `${name}.ldb`)).catch(() => null);
    if (bytes && !isWhole(bytes)) throw new Error(`Corruption: the sums in ${name}.ldb are wrong`);
  }
}

/** False only where a sum is wrong, or there is no way to them. */
export function isWhole(table: Buffer): boolean {
  const footer = table.subarray(-FOOTER);
  if (!footer.subarray(-MAGIC.length).equals(MAGIC)) return true;
  try {
    const at = new Cursor(footer);
    const [meta, index] = [block(table, handle(at)), block(table, handle(at))];
    // What the first names is the filter: with a wrong one, keys would not be found.
    return [meta, index].every(
      names => names !== null && handlesIn(names).every(each => block(table, each) !== null),
    );
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

interface Handle {
  readonly at: number;
  readonly size: number;
}
const handle = (from: Cursor): Handle => ({ at: from.varint(), size: from.varint() });

/** Null where its sum is another. */
function block(table: Buffer, { at, size }: Handle): (() => Buffer) | null {
  const all = new Cursor(table, at).take(size + TRAILER);
  if (maskedCrc(all.subarray(0, -4)) !== all.readUInt32LE(size + 1)) return null;
  const contents = all.subarray(0, size);
  return () => (all[size] === 1 ? unpacked(contents) : contents);
}

/** Where its blocks are: keys share what they begin with, and their places stand at the end. */
function handlesIn(index: () => Buffer): Handle[] {
  const bytes = index();
  const places = bytes.readUInt32LE(bytes.length - 4);
  const entries = new Cursor(bytes.subarray(0, bytes.length - 4 - 4 * places));
  const found: Handle[] = [];
  while (!entries.isAtEnd) {
    const [, unshared, length] = [entries.varint(), entries.varint(), entries.varint()];
    entries.take(unshared as number);
    found.push(handle(new Cursor(entries.take(length as number))));
  }
  return found;
}

/** Numbers of the tables that belong to the store; others are what a killed process has not finished. */
export function liveTables(manifest: Buffer): number[] {
  const live = new Set<number>();
  try {
    for (const edit of records(manifest)) apply(new Cursor(edit), live);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return [...live];
}

/** Up to the first that is not whole: LevelDB says so. */
function* records(log: Buffer): Generator<Buffer> {
  let parts: Buffer[] = [];
  for (let at = 0; at + LOG_HEADER <= log.length; ) {
    const left = LOG_BLOCK - (at % LOG_BLOCK);
    if (left < LOG_HEADER) {
      at += left;
      continue;
    }
    const [length, type] = [log.readUInt16LE(at + 4), log.readUInt8(at + 6)];
    const body = new Cursor(log, at + 6).take(length + 1);
    if (type < FULL || type > LAST || maskedCrc(body) !== log.readUInt32LE(at)) return;
    at += LOG_HEADER + length;
    parts = type === FULL || type === FIRST ? [] : parts;
    parts.push(body.subarray(1));
    if (type === FULL || type === LAST) yield Buffer.concat(parts);
  }
}

/** One edit: fields by their tag (db/version_edit.cc). */
function apply(edit: Cursor, live: Set<number>): void {
  while (!edit.isAtEnd) {
    const tag = edit.varint();
    if (tag === 1) edit.counted();
    else if (tag === 2 || tag === 3 || tag === 4 || tag === 9) edit.varint();
    else {
      edit.varint();
      if (tag === 5) edit.counted();
      else if (tag === 6) live.delete(edit.varint());
      else if (tag === 7) {
        live.add(edit.varint());
        edit.varint();
        edit.counted();
        edit.counted();
      } else throw new RangeError(`a field of kind ${tag}`);
    }
  }
}
