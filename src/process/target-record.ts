/** What the wrapper leaves in the data directory: who the target is, and how it ended; and the token that it looks at. */
import { closeSync, existsSync, linkSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { at } from './file-error.js';
import type { ProcessIdentity } from './identity.js';
import { readFile } from './prompt-files.js';
import { randomHex } from './random.js';
import type { Exit } from './spawn.js';
import { RECORD_BYTES } from './wrapper.js';

export interface TargetRecord extends ProcessIdentity {
  /** Of the launch; its exit is recorded under the same. */
  readonly token: string;
  /** Its process group: the wrapper's. */
  readonly group: number;
  /** Its end is the work of its own leaf, which was ended in order. */
  readonly stopped: boolean;
}

const STOPPED = 'stopped';

/** No wrapper can be under way: each has had its token before its orders, and becomes nothing without it. */
export const neverLaunched = (dataDir: string): boolean =>
  !['target.token', 'target.pid'].some(name => existsSync(join(dataDir, name)));

/** Null where there is none, or one that was cut off in the writing. */
export async function readRecord(dataDir: string): Promise<TargetRecord | null> {
  const text = await textOf(join(dataDir, 'target.pid'));
  const [pid, startTime, bootId, token, group, stopped = '', ...more] = text.trim().split(' ');
  const [number, leader] = [Number(pid), Number(group)];
  const whole = text.endsWith('\n') && token !== undefined && more.length === 0 && leader > 1;
  if (!whole || !Number.isSafeInteger(number) || number <= 1 || !['', STOPPED].includes(stopped)) return null;
  const identity = { pid: number, startTime: startTime as string, bootId: bootId as string };
  return { ...identity, token, group: leader, stopped: stopped === STOPPED };
}

/** Says of the target that is recorded here, if one is, that its own leaf ends it. @throws the error of the file system */
export async function markStopped(dataDir: string): Promise<void> {
  const record = await readRecord(dataDir);
  if (record === null) return;
  const { pid, startTime, bootId, token, group } = record;
  const line = [pid, startTime, bootId, token, group, STOPPED].join(' ');
  writeOver(join(dataDir, 'target.pid'), `${line.padEnd(RECORD_BYTES - 1)}\n`);
}

/** How the launch of this token ended; null where that was not recorded. */
export async function readExit(dataDir: string, token: string): Promise<Exit | null> {
  const text = await textOf(join(dataDir, 'target.exit'));
  const [of, code] = text.trim().split(' ');
  return text.endsWith('\n') && of === token && /^\d+$/.test(code ?? '') ? shellExit(Number(code)) : null;
}

/**
 * From here on no wrapper of an earlier token becomes the target. Written in place, in a file of a few bytes: nothing for
 * which a thread would have to wait.
 */
export function newToken(dataDir: string): string {
  const token = randomHex();
  const file = join(dataDir, 'target.token');
  const text = `${token}\n`.padEnd(RECORD_BYTES);
  const isFirst = !existsSync(file);
  // The token last: once it is there, so is a record of blanks, and a full disk does not matter any more.
  if (isFirst) makeRecord(join(dataDir, 'target.pid'), BLANK);
  if (!isFirst || !makeRecord(file, text)) writeOver(file, text);
  return token;
}

/** In place, like all of them: it needs no room on the disk. */
function writeOver(file: string, text: string): void {
  const fd = openSync(file, 'r+');
  try {
    writeSync(fd, text, 0);
  } finally {
    closeSync(fd);
  }
}

const BLANK = `${' '.repeat(RECORD_BYTES - 1)}\n`;

/**
 * The same for its end, which is far off. Without it the wrapper makes one, where the disk has room then; linked when it is whole,
 * so that blanks never come over what the wrapper writes at that very moment.
 */
export function reserveExit(dataDir: string): void {
  const file = join(dataDir, 'target.exit');
  if (existsSync(file)) return;
  const draft = `${file}.new`;
  try {
    writeFileSync(draft, BLANK);
    try {
      linkSync(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
  } catch {
    // it is full already, or gone; or the wrapper was first
  }
}

/** False where there is one. */
function makeRecord(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    return at(file)(error as NodeJS.ErrnoException);
  }
}

const SIGNALS = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
);

/** A shell says 128 + n of what signal n ended (POSIX, 2.8.2); a target that itself exits so reads the same. */
export function shellExit(status: number): Exit {
  const signal = status > 128 ? SIGNALS.get(status - 128) : undefined;
  return signal ? { code: null, signal } : { code: status, signal: null };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    return at(file)(error as NodeJS.ErrnoException);
  }
}
