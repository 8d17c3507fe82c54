/** What makes a node the same one after a restart: kept in its data directory. */
import { existsSync } from 'node:fs';
import { livingTarget } from '../process/adopt.js';
import { at, isFull } from '../process/file-error.js';
import { markOf } from '../process/marked.js';
import { overwrite } from '../process/overwrite.js';
import { mkdir, readFile, rename, rm, writeFile } from '../process/prompt-files.js';
import { randomHex } from '../process/random.js';

export interface Installation {
  /** Random, made once; tells a restarted node from a second one of the same name. */
  readonly instance: string;
  /** Milliseconds since the Unix epoch at this start; higher than at any earlier one, whatever the clock did. */
  readonly epoch: number;
  /** Made by this very start: nothing that bears its mark can have been left by an earlier one. */
  readonly fresh: boolean;
}

type Kept = Omit<Installation, 'fresh'>;

const FILE = 'installation.json';
/** As many in every record: the next one fits over it on a full disk. */
const BYTES = 128;

/**
 * Opens the installation for one more start. A file that can't be read is begun anew, with the mark that a target left by the
 * earlier one bears, so that all of it is found when it is to stop: only order is lost, not safety. On a
 * full disk where it can't be kept at all, `lost` is told why, and it holds for this start.
 */
export async function openInstallation(
  dataDir: string,
  now: number,
  lost: (error: Error) => void = () => {},
): Promise<Installation> {
  const file = `${dataDir}/${FILE}`;
  const before = existsSync(file) ? parse(await readFile(file, 'utf8').catch(() => '')) : null;
  if (before === null) await mkdir(dataDir, { recursive: true });
  const left = before === null ? await markOfTarget(dataDir) : null;
  const kept: Kept = {
    instance: before?.instance ?? left ?? randomHex(),
    epoch: Math.max(now, (before?.epoch ?? 0) + 1),
  };
  const text = `${JSON.stringify(kept).padEnd(BYTES - 1)}\n`;
  await keep(file, text, before === null)
    .catch(error => (isFull(error) ? overwrite(file, text).catch(() => lost(error)) : Promise.reject(error)))
    .catch(at(file));
  return { ...kept, fresh: before === null && left === null };
}

/** A first one that is cut off in the writing can't be read, and then nothing bears its mark. */
async function keep(file: string, text: string, isFirst: boolean): Promise<void> {
  if (isFirst && (await make(file, text))) return;
  await make(`${file}.new`, text, 'w');
  await rename(`${file}.new`, file);
}

/** Whole or not at all, unless we are killed; false where there is one. */
async function make(file: string, text: string, flag: 'wx' | 'w' = 'wx'): Promise<boolean> {
  try {
    await writeFile(file, text, { flag });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    await rm(file, { force: true }).catch(() => {});
    throw error;
  }
}

const INSTANCE = /^[0-9a-f]{16}$/;

/** Null where none lives, or it bears none. */
async function markOfTarget(dataDir: string): Promise<string | null> {
  const target = await livingTarget(dataDir);
  const mark = target && markOf(target.pid);
  return mark !== null && INSTANCE.test(mark) ? mark : null;
}

function parse(text: string): Kept | null {
  try {
    const found = JSON.parse(text) as Partial<Kept>;
    const legal = INSTANCE.test(found.instance ?? '') && Number.isSafeInteger((found.epoch ?? 0) + 2);
    return legal ? (found as Kept) : null;
  } catch {
    return null;
  }
}
