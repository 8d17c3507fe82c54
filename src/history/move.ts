/** What was kept in memory goes onto a store that can be used again, behind what that has. */
import { entryOf } from './entries.js';
import { after, type Meta } from './keys.js';
import type { Opened } from './open.js';
import { opsOf, put } from './ops.js';
import type { Op, Shelf } from './shelf.js';

/** Entries moved at a time. */
const BATCH = 500;
/** States, incidents and maintenance that hold now. */
const STANDING = ['c!', 'i!', 'n!'];
/** By these it is known how a node was before its first entry. */
const BASES = 'b!';

/**
 * What it then is as a whole, still to be written. Throws where the disk does; what was moved until then is there again the next
 * time, and counts once.
 */
export async function moveOnto({ shelf, meta, last }: Opened, from: Shelf, now: Meta): Promise<Meta> {
  for (let at = 'e!'; ; ) {
    const some = await from.read({ gt: at, lt: after('e!'), limit: BATCH });
    if (some.length === 0) break;
    await shelf.write(some.flatMap(([, value]) => opsOfText(value)));
    at = some.at(-1)?.[0] as string;
  }
  for (const prefix of STANDING) await shelf.write(await standing(shelf, from, prefix, last));
  if (meta) return { ...meta, bytes: meta.bytes + now.bytes };
  const bases = await from.read({ gte: BASES, lt: after(BASES) });
  await shelf.write(bases.map(([key, value]) => put(key, value)));
  return now;
}

/** What is newer in memory holds, and what holds no more there does nowhere. */
async function standing(shelf: Shelf, from: Shelf, prefix: string, last: number): Promise<Op[]> {
  const range = { gte: prefix, lt: after(prefix) };
  const [there, here] = [new Map(await shelf.read(range)), new Map(await from.read(range))];
  const gone = [...there.keys()].filter(key => !here.has(key));
  const newer = [...here].filter(([key, value]) => idIn(value) > idIn(there.get(key)));
  return [
    ...gone.map(key => ({ type: 'del', key }) as const),
    ...newer.map(([key, value]) => put(key, value)),
    // The entry itself may have been too many for memory.
    ...newer.flatMap(([, value]) => (idIn(value) > last && prefix === 'c!' ? opsOfText(value) : [])),
  ];
}

const opsOfText = (value: string): Op[] => {
  const entry = entryOf(value);
  return entry ? opsOf(entry) : [];
};

const idIn = (value = ''): number => entryOf(value)?.id ?? -1;
