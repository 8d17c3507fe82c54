/** Starts a target under a shim or a wrapper. */
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { adoptTarget, gone, livingTarget } from './adopt.js';
import { bootId, processIdentity } from './identity.js';
import { checkSize } from './launch-size.js';
import type { LaunchWords, Started } from './launch-words.js';
import type { Orders, Output } from './orders.js';
import { type Exit, type RunningProcess, SpawnError, type Succession, type Successor } from './spawn.js';
import { launch } from './starters.js';
import { readTargetFile } from './target-file.js';
import { newToken, readRecord, type TargetRecord, tokenFor, writeRecord } from './target-record.js';

export interface LaunchOptions {
  readonly words: readonly string[];
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** By which its processes are known, besides what is in `env`, which many may share. */
  readonly mark?: string;
  /** The directory of the cgroup in which it begins, where it can. */
  readonly cgroup?: string | undefined;
  /** The files that take stdout and stderr, appended; made where missing (mode 0640), with their directories. */
  readonly output: Output;
  readonly cwd?: string;
  /** Octal, such as 027. */
  readonly umask?: string;
  /** Programs with their arguments that prepare the ground and become the target, such as `nice -n 5`. */
  readonly before?: readonly string[];
}

/**
 * Resolves when the target is about to run as `pid`. Synchronous up to the shell's work: what is lost here is lost at
 * every restart.
 * @throws SpawnError where it can't be run; the error of the file system where its output can't be kept
 */
export async function launchTarget(options: LaunchOptions): Promise<RunningProcess> {
  checkSize(options.words, options.env);
  const launched = (await launchOnce(options)) ?? (await launchAgain(options));
  if (launched === null) throw lost(options);
  return launched;
}

/** A starter may have been killed, or the files for the output can't be opened: whose fault it was shows now. */
function launchAgain(options: LaunchOptions): Promise<RunningProcess | null> {
  for (const file of [options.output.stdout, options.output.stderr]) prepareOutput(file);
  // Where the kernel had killed it in its cgroup, see shim-forking.ts, it is moved there later.
  return launchOnce({ ...options, cgroup: '' });
}

const lost = ({ words }: LaunchOptions): SpawnError =>
  new SpawnError(words[0] ?? '', 'EIO', 'who was to launch it ended first');

/** Null where it came to nothing, and never will. */
async function launchOnce(options: LaunchOptions): Promise<RunningProcess | null> {
  const { token, isFirst } = tokenFor(options.dataDir, 'launch');
  // Whatever was lost sight of: a second one would be a twin.
  const living = isFirst ? null : await livingTarget(options.dataDir);
  if (living) return living;
  const orders = ordersOf(options, token, Date.now());
  return outcome(options, orders, launch(orders));
}

function ordersOf(options: LaunchOptions, token: string, at: number): Orders {
  const { words, dataDir, env, cgroup = '', mark = '', output, cwd = '', umask = '', before = [] } = options;
  const ground = { env, cgroup, mark, output, cwd, umask };
  return { dataDir, token, bootId: bootId(), at, words, before, ...ground };
}

/** As above, of a launch that is under way. */
async function outcome(
  options: LaunchOptions,
  orders: Orders,
  told: LaunchWords,
): Promise<RunningProcess | null> {
  const first = await told.first;
  const program = options.words[0] ?? '';
  switch (first.is) {
    case 'not-found':
      throw new SpawnError(program, 'ENOENT', 'not found, or not executable (ENOENT)');
    case 'no-directory':
      throw new SpawnError(program, 'ENOENT', `no directory to enter: ${orders.cwd} (ENOENT)`);
    case 'no-process':
      throw new SpawnError(program, 'EAGAIN', 'no process left for it (EAGAIN)');
    case 'started':
      return { ...(await begun(orders, told, first)), succeed: how => succeed(options, told, how) };
  }
  for (let look = 1; ; look++)
    try {
      return await whatBecame(options, orders.token);
    } catch (error) {
      // Given up with its token still good, it might yet become the target.
      if (error instanceof SpawnError || look === LOOKS) throw error;
      await pause(LOOK_MS);
    }
}

async function begun(orders: Orders, told: LaunchWords, started: Started): Promise<RunningProcess> {
  const { dataDir, token, bootId: boot, at } = orders;
  const { pid, group, startTicks, isInside } = started;
  const startedAt = Date.now();
  const identity = { pid, startTime: startTicks ?? '', bootId: boot };
  const launched = { token, group, keeper: told.keeper, launchedAt: at || startedAt, fate: null };
  const record = startTicks === null ? await processIdentity(pid).catch(() => null) : identity;
  const whole = record && { ...record, ...launched };
  if (whole) repairLater(whole, told, dataDir);
  const exited = exitOf(told, whole, dataDir);
  return { pid, group, startTicks, isInside, startedAt, exited, ranMs: () => told.ranMs };
}

/**
 * From here on the end of one launch is followed by another, whose token is good already: no other one is any more. Who means
 * otherwise by then takes that back.
 */
function succeed(options: LaunchOptions, before: LaunchWords, how: Succession): Successor | null {
  const { dataDir } = options;
  const orders = (): Orders => ordersOf(options, newToken(dataDir, 'look'), 0);
  const next = before.follow?.(orders, how);
  if (!next) return null;
  const ended = before.end.then(exit => {
    if (before.isFollowed) return outcome(options, next.orders, next.told);
    // Where the shim was killed over it, it may be there all the same.
    const isThere = exit === null && readRecord(dataDir)?.token === next.orders.token;
    return isThere ? livingTarget(dataDir) : null;
  });
  const launched = ended.catch((error: Error) => error);
  return { launched, cancel: () => void newToken(dataDir, 'look') };
}

/** Looks where the files can't be read now (EMFILE, EIO), and milliseconds between two. */
const LOOKS = 100;
const LOOK_MS = 100;

async function whatBecame(options: LaunchOptions, token: string): Promise<RunningProcess | null> {
  const { dataDir } = options;
  // Somebody else has this place by now.
  if (readTargetFile(dataDir)?.token !== token) throw lost(options);
  // Whoever launched it was ended before it could tell, maybe with the target under way: a second one would be a twin.
  const found = await adoptTarget(dataDir);
  if (found && 'running' in found) return found.running;
  // It was about to become the target: that may have begun its work, so that a second launch would do it twice.
  if (readRecord(dataDir)?.token === token) throw lost(options);
  return null;
}

/** Milliseconds after a launch by which who was held up between look and record, in an earlier one, has written that. */
const REPAIR_MS = 1000;

/** Whoever looked last may have written over the record of another: the leaf knows better. */
function repairLater(record: TargetRecord, told: LaunchWords, dataDir: string): void {
  const repair = (): void => {
    try {
      // From then on it may be the record of what follows.
      const isLast = !told.isOver && told.next === null;
      if (isLast && readRecord(dataDir)?.token !== record.token) writeRecord(dataDir, record);
    } catch {
      // without it the next leaf finds the target by its mark
    }
  };
  setTimeout(repair, REPAIR_MS).unref();
}

/** As its shim tells; where that was killed, the target may live on without one. */
async function exitOf(told: LaunchWords, record: TargetRecord | null, dataDir: string): Promise<Exit> {
  const exit = await told.end;
  if (exit !== null) return exit;
  const later = record ? await gone(record, dataDir) : UNKNOWN;
  return later.code !== null || later.signal !== null ? later : { code: null, signal: told.killedBy };
}

const UNKNOWN: Exit = { code: null, signal: null };

function prepareOutput(file: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = constants;
  const open = (): void => closeSync(openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o640));
  try {
    open();
  } catch (error) {
    // A FIFO that nobody reads now is no fault, and not to be waited for.
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(file), { recursive: true });
    open();
  }
}
