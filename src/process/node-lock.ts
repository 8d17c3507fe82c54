/** One process for each node: by its pid file, and where that was removed or emptied, by who still has it open. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { at } from './file-error.js';
import { type ProcessIdentity, processIdentity, sameProcess } from './identity.js';
import { mono } from './mono.js';
import { AlreadyRunningError, type Claim, claimPidFile, readPidFile, releasePidFile } from './pid-file.js';

export interface NodeLock extends Claim {
  release(): Promise<void>;
}

/**
 * Holds a node for this process. `makeDirectory` makes that of the file, once it is known that nobody had it there before.
 * @throws AlreadyRunningError while another process holds it; else the error of the file system
 */
export async function lockNode(pidFile: string, makeDirectory: () => Promise<unknown>): Promise<NodeLock> {
  const holder = await holderOf(pidFile);
  if (holder !== null) throw new AlreadyRunningError(holder.pid, pidFile);
  await makeDirectory();
  const { replaced } = await claimPidFile(pidFile);
  // Open for as long as it is held: that is what is seen of it when the file is gone.
  const open = openSync(pidFile, 'r');
  const release = async (): Promise<void> => {
    closeSync(open);
    await releasePidFile(pidFile);
  };
  return { replaced, release };
}

/** The process that holds a node; null where none does. */
export async function holderOf(pidFile: string): Promise<ProcessIdentity | null> {
  const recorded = await readPidFile(pidFile).catch((error: NodeJS.ErrnoException) =>
    error.code === 'EISDIR' ? ('corrupt' as const) : at(pidFile)(error),
  );
  if (recorded !== null && recorded !== 'corrupt') return (await sameProcess(recorded)) ? recorded : null;
  const pid = whoHasOpen(pidFile);
  return pid === null ? null : processIdentity(pid);
}

/** Of the processes of our own kind that we may look into. Linux only: null elsewhere. */
function whoHasOpen(file: string): number | null {
  if (process.platform !== 'linux') return null;
  const open = openElsewhere();
  if (open.size === 0) return null;
  const path = realPathOf(resolve(file));
  return open.get(path) ?? open.get(`${path} (deleted)`) ?? null;
}

const PID_FILE = /\.pid( \(deleted\))?$/;

/** A hundred leaves of one process ask one after the other: they look once. */
const SEEN_MS = 1000;
let seen: { readonly at: number; readonly open: ReadonlyMap<string, number> } | null = null;

/** The pid files that other processes of our kind have open, and who. */
function openElsewhere(): ReadonlyMap<string, number> {
  if (seen !== null && mono() - seen.at < SEEN_MS) return seen.open;
  const held = (pid: number): string[] => openFiles(pid).filter(file => PID_FILE.test(file));
  const open = new Map(others().flatMap(pid => held(pid).map(file => [file, pid] as const)));
  seen = { at: mono(), open };
  return open;
}

/** As far as there is one: its directory may have been removed as well. */
function realPathOf(file: string): string {
  const directory = dirname(file);
  if (directory === file) return file;
  const real = unlessGone(() => realpathSync(directory)) ?? realPathOf(directory);
  return join(real, basename(file));
}

const nameOf = (pid: number): string | null => unlessGone(() => readFileSync(`/proc/${pid}/comm`, 'utf8'));

function others(): number[] {
  const ours = nameOf(process.pid);
  const pids = readdirSync('/proc').map(Number).filter(Number.isSafeInteger);
  return pids.filter(pid => pid !== process.pid && nameOf(pid) === ours);
}

function openFiles(pid: number): string[] {
  const names = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return names.flatMap(fd => unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? []);
}

/** One that has ended meanwhile, or is another user's. */
function unlessGone<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}
