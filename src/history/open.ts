/** Opens the store of history, whatever state it is in: the node runs in any case, and says so. */
import { rename } from 'node:fs/promises';
import { entryOf } from './entries.js';
import { after, META, type Meta, metaOf, VERSION } from './keys.js';
import { LevelShelf } from './level-shelf.js';
import { MemoryShelf, type Shelf } from './shelf.js';
import { HistoryTrouble, isPutAside, type NewsCode, troubleOf } from './trouble.js';

export interface OpenPorts {
  readonly directory: string;
  /** Ms since the Unix epoch. */
  readonly now: () => number;
  /** Told of each thing that is wrong, in words. */
  readonly trouble: (code: NewsCode, message: string) => void;
}

export interface Opened {
  readonly shelf: Shelf;
  /** Null: it is new. */
  readonly meta: Meta | null;
  /** Of the newest entry; 0 where there is none. */
  readonly last: number;
}

/** Entries that are looked at from either end before a store is taken for a sound one. */
const LOOK = 100;

/** Never throws: what is on no disk is in memory. `earlier`: why what was open cannot be used any more. */
export async function openHistory(ports: OpenPorts, ...earlier: unknown[]): Promise<Opened> {
  const found = await attempt(ports, ...earlier);
  if (!(found instanceof HistoryTrouble)) return found;
  const { code, message } = found;
  const words = `the history in ${ports.directory} cannot be used, it is kept in memory meanwhile: ${message}`;
  ports.trouble(code, words);
  return { shelf: new MemoryShelf(), meta: null, last: 0 };
}

/** Once it was told that no disk can be had; null: nor can it now. */
export async function openAgain(ports: OpenPorts): Promise<Opened | null> {
  const found = await attempt(ports);
  return found instanceof HistoryTrouble ? null : found;
}

async function attempt(ports: OpenPorts, ...earlier: unknown[]): Promise<Opened | HistoryTrouble> {
  let [error] = earlier;
  for (let turn = 0; turn < 2; turn++) {
    if (error === undefined) {
      try {
        return await checked(ports.directory);
      } catch (caught) {
        error = caught;
      }
    }
    const trouble = troubleOf(error);
    if (!isPutAside(trouble.code) || !(await putAside(ports, trouble))) return trouble;
    error = undefined;
  }
  return troubleOf(new Error('it cannot be begun anew'));
}

async function checked(directory: string): Promise<Opened> {
  const shelf = await LevelShelf.open(directory);
  try {
    const entries = { gte: 'e!', lt: after('e!'), limit: LOOK };
    const newest = await shelf.read({ ...entries, reverse: true });
    const found = [...newest, ...(await shelf.read(entries))];
    const meta = metaIn(await shelf.get(META), found.length > 0);
    if (found.some(([, value]) => entryOf(value) === null))
      throw new HistoryTrouble('history-corrupt', 'expected entries of history, found something else');
    return { shelf, meta, last: Number(newest[0]?.[0].slice(2) ?? 0) };
  } catch (error) {
    await shelf.close();
    throw error;
  }
}

function metaIn(text: string | undefined, hasEntries: boolean): Meta | null {
  const meta = text === undefined ? null : metaOf(text);
  if (meta && meta.version > VERSION) {
    const message = `expected a store of version ${VERSION}, found one of version ${meta.version}`;
    throw new HistoryTrouble('history-newer', message);
  }
  if (meta || (text === undefined && !hasEntries)) return meta;
  throw new HistoryTrouble('history-corrupt', 'expected what says its version, found none');
}

/** False where even that cannot be done. */
async function putAside({ directory, now, trouble }: OpenPorts, why: HistoryTrouble): Promise<boolean> {
  const aside = `${directory}.bad-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`;
  try {
    await rename(directory, aside);
  } catch {
    return false;
  }
  trouble(
    why.code,
    `the history in ${directory} is put aside as ${aside}, a new one is begun: ${why.message}`,
  );
  return true;
}
