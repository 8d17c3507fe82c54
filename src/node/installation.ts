/** What makes a node the same one after a restart: kept in its data directory. */
import { existsSync, statSync } from 'node:fs';
import { CanopyError } from '../core/errors.js';
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

interface Kept extends Omit<Installation, 'fresh'> {
  /** The inode of the data directory: a copy of that is another node. Not in what earlier versions have written. */
  readonly directory?: string;
}

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
  const found = existsSync(file) ? parse(await readFile(file, 'utf8').catch(() => '')) : null;
  if (found === null) await mkdir(dataDir, { recursive: true });
  const directory = statSync(dataDir, { bigint: true }).ino.toString();
  const isCopy = found?.directory !== undefined && found.directory !== directory;
  if (isCopy) await refuseTargetOf(dataDir);
  const before = isCopy ? null : found;
  const left = found === null ? await markOfTarget(dataDir) : null;
  const kept: Kept = {
    instance: before?.instance ?? left ?? randomHex(),
    epoch: Math.max(now, (found?.epoch ?? 0) + 1),
    directory,
  };
  const text = `${JSON.stringify(kept).padEnd(BYTES - 1)}\n`;
  await keep(file, text, found === null)
    .catch(error => (isFull(error) ? overwrite(file, text).catch(() => lost(error)) : Promise.reject(error)))
    .catch(at(file));
  const { instance, epoch } = kept;
  return { instance, epoch, fresh: before === null && left === null };
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

/** Two leaves with one mark would end each other's target. Throws `copied-directory` where whose that is can't be known. */
async function refuseTargetOf(dataDir: string): Promise<void> {
  const target = await livingTarget(dataDir);
  if (target === null) return;
  throw new CanopyError(
    'copied-directory',
    `${dataDir}: expected the data directory of one node alone, found a copy with the record of process ${target.pid}, which runs; ` +
      'if that is the target of another leaf, remove target.run from the copy; if it is of this one, remove installation.json',
  );
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
