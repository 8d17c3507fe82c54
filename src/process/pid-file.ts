/** A file that says which process holds a node, so that it is never started twice. */
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { at } from './file-error.js';
import { type ProcessIdentity, processIdentity, sameProcess } from './identity.js';
import { mono } from './mono.js';
import { makeNew } from './new-file.js';
import { overwrite } from './overwrite.js';
import { link, mkdir, readFile, rename, rm } from './prompt-files.js';
import { randomHex } from './random.js';

export class AlreadyRunningError extends Error {
  readonly code = 'already-running';
  readonly pid: number;

  constructor(pid: number, file: string) {
    super(`already running as process ${pid} (${file})`);
    this.name = 'AlreadyRunningError';
    this.pid = pid;
  }
}

/** As many in every record: the next one fits over it on a full disk. */
const BYTES = 256;
/** Milliseconds that a file may be there before its text is, and between two looks. */
const WRITING_MS = 500;
const LOOK_MS = 20;

export interface Claim {
  /** What the file held before: null where there was none. */
  replaced: 'stale' | 'corrupt' | null;
}

/**
 * Records this process in `file`, made with its directories.
 * @throws AlreadyRunningError while the process recorded in it lives; else the error of the file system
 */
export async function claimPidFile(file: string): Promise<Claim> {
  const identity = await processIdentity(process.pid);
  const text = `${JSON.stringify(identity).padEnd(BYTES - 1)}\n`;
  try {
    if (!existsSync(dirname(file))) await mkdir(dirname(file), { recursive: true });
    for (;;) {
      if (makeNew(file, text)) return { replaced: null };
      const replaced = await takeOver(file, text);
      if (replaced !== null) return { replaced };
    }
  } catch (error) {
    return at(file)(error as NodeJS.ErrnoException);
  }
}

/** What a dead process left becomes ours, over the same bytes: a full disk has no others. Null where somebody came first. */
async function takeOver(file: string, text: string): Promise<Claim['replaced']> {
  const aside = `${file}.${randomHex()}`;
  try {
    const replaced = await takeStale(file, aside);
    if (replaced === null) return null;
    await overwrite(aside, text);
    // A link is made whole or not at all, and never over an existing file.
    return (await linked(aside, file)) ? replaced : null;
  } finally {
    await rm(aside, { force: true });
  }
}

/** Who is recorded in `file`, alive or not; null where there is no such file. */
export async function readPidFile(file: string): Promise<ProcessIdentity | 'corrupt' | null> {
  const text = await textOf(file);
  return text === null ? null : parse(text);
}

/** Removes `file` where it is this process that holds it; false where it is not. */
export async function releasePidFile(file: string): Promise<boolean> {
  const held = await readPidFile(file);
  const mine = held !== null && held !== 'corrupt' && held.pid === process.pid && (await sameProcess(held));
  if (mine) await rm(file, { force: true });
  return mine;
}

/** Moves what a dead process left to `aside`; null where it is gone already. */
async function takeStale(file: string, aside: string): Promise<Claim['replaced']> {
  const judged = await written(file);
  if (judged === null) return null;
  const held = parse(judged);
  if (held !== 'corrupt' && (await sameProcess(held))) throw new AlreadyRunningError(held.pid, file);
  if (!(await renamed(file, aside))) return null;
  // Between the look and the move another process may have claimed it: then that one is put back.
  if ((await textOf(aside)) !== judged) {
    await linked(aside, file);
    await rm(aside, { force: true });
    return null;
  }
  return held === 'corrupt' ? 'corrupt' : 'stale';
}

/** An empty one is being written, unless it stays so. */
async function written(file: string): Promise<string | null> {
  const from = mono();
  let text = await textOf(file);
  while (text === '' && mono() - from < WRITING_MS) {
    await pause(LOOK_MS);
    text = await textOf(file);
  }
  return text;
}

function parse(text: string): ProcessIdentity | 'corrupt' {
  try {
    const { pid, startTime, bootId } = JSON.parse(text) as Partial<ProcessIdentity>;
    const whole = Number.isSafeInteger(pid) && typeof startTime === 'string' && typeof bootId === 'string';
    return whole ? { pid: pid as number, startTime, bootId } : 'corrupt';
  } catch {
    return 'corrupt';
  }
}

/** The most leaves that start have none: an error takes as long as all else that is done about it. */
const textOf = async (file: string): Promise<string | null> =>
  statSync(file, { throwIfNoEntry: false }) ? unless('ENOENT', readFile(file, 'utf8')) : null;
const linked = async (from: string, to: string): Promise<boolean> =>
  (await unless('EEXIST', link(from, to))) !== null;
const renamed = async (from: string, to: string): Promise<boolean> =>
  (await unless('ENOENT', rename(from, to))) !== null;

/** Null where the promise fails with this code of the file system. */
async function unless<T>(code: string, promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return null;
    throw error;
  }
}
