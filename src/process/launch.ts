/** Starts a target under the wrapper. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { adoptTarget, gone, LOOK_MS } from './adopt.js';
import { bootId, sameProcess } from './identity.js';
import { afterStarts } from './later.js';
import { promptShell, type Shell, takeShell } from './shells.js';
import { processAlive } from './signals.js';
import { type Exit, type RunningProcess, SpawnError } from './spawn.js';
import { newToken, readRecord, reserveExit, shellExit } from './target-record.js';
import { NO_DIRECTORY, NOT_FOUND, type Orders, type Output } from './wrapper.js';

export interface LaunchOptions {
  readonly words: readonly string[];
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** By which its processes are known, besides what is in `env`, which many may share. */
  readonly mark?: string;
  /** The files that take stdout and stderr, appended; made where missing (mode 0640), with their directories. */
  readonly output: Output;
  readonly cwd?: string;
  /** Octal, such as 027. */
  readonly umask?: string;
  /** Programs with their arguments that prepare the ground and become the target, such as `nice -n 5`. */
  readonly before?: readonly string[];
}

/** Bytes of one word or variable, and of all together, that Linux takes (execve(2)), less what it needs itself. */
const WORD_LIMIT = 131_072;
const ALL_LIMIT = 2_000_000;

/**
 * Resolves when the target is about to run as `pid`. Synchronous up to the shell's work: what is lost here is lost at
 * every restart.
 * @throws SpawnError where it can't be run
 */
export async function launchTarget(options: LaunchOptions): Promise<RunningProcess> {
  checkSize(options.words, options.env);
  for (const file of [options.output.stdout, options.output.stderr]) prepareOutput(file);
  // Of a pair that waited, one may have been killed meanwhile: that is no fault of the target's.
  const launched = (await launchBy(takeShell, options)) ?? (await launchBy(promptShell, options));
  if (launched === null) throw new SpawnError(options.words[0] ?? '', 'EIO', 'its wrapper ended first');
  return launched;
}

/** Null where the wrapper was ended before it became anything, and never will. */
async function launchBy(take: () => Shell, options: LaunchOptions): Promise<RunningProcess | null> {
  const { words, dataDir, env, mark = '', output, cwd = '', umask = '', before = [] } = options;
  const program = words[0] ?? '';
  const token = newToken(dataDir);
  const orders = { dataDir, token, bootId: bootId(), words, before, env, mark, output, cwd, umask };
  const shell = take();
  const ended = new Promise<Exit>(resolve => {
    shell.process.once('exit', (code, signal) =>
      resolve(signal ? { code: null, signal } : shellExit(code ?? 0)),
    );
  });
  const told = await tell(shell, orders);
  if (told === NOT_FOUND) throw new SpawnError(program, 'ENOENT', 'not found, or not executable (ENOENT)');
  if (told === NO_DIRECTORY)
    throw new SpawnError(program, 'ENOENT', `no directory to enter: ${cwd} (ENOENT)`);
  const [pid = 0, group = 0] = told.split(' ').map(Number);
  if (Number.isSafeInteger(pid) && pid > 1) {
    const later: NodeJS.Timeout[] = [];
    afterStarts(later, () => reserveExit(dataDir));
    void ended.then(() => later.forEach(clearTimeout));
    return { pid, group, startedAt: Date.now(), exited: exitOf(ended, pid, token, dataDir) };
  }
  // Its wrapper was ended before it could tell, maybe with the target under way: a second one would be a twin.
  const found = await adoptTarget(dataDir);
  if (found && 'running' in found) return found.running;
  // It was about to become the target: that may have begun its work, so that a second launch would do it twice.
  if ((await readRecord(dataDir))?.token === token)
    throw new SpawnError(program, 'EIO', 'its wrapper ended first');
  return null;
}

/** The shell's word about it: a pid and a group, what is wrong, or nothing. */
async function tell(shell: Shell, orders: Orders): Promise<string> {
  const failed = new Promise<never>((_, reject) =>
    shell.process.once('error', (error: NodeJS.ErrnoException) =>
      reject(new SpawnError(orders.words[0] ?? '', error.code ?? 'UNKNOWN', error.message)),
    ),
  );
  if (shell.process.pid === undefined) return failed;
  failed.catch(() => {});
  shell.obey(orders);
  return Promise.race([firstWord(shell.words), failed]);
}

function checkSize(words: readonly string[], env: NodeJS.ProcessEnv): void {
  const program = words[0] ?? '';
  if (program === '') throw new SpawnError('', 'EINVAL', 'the command is empty');
  const [ours, theirs] = [sizeOf(words), sizeOfEnv(env)];
  if (ours.hasNul || theirs.hasNul)
    throw new SpawnError(program, 'EINVAL', 'a NUL in a word or a variable (EINVAL)');
  if (Math.max(ours.longest, theirs.longest) >= WORD_LIMIT || ours.all + theirs.all > ALL_LIMIT)
    throw new SpawnError(program, 'E2BIG', 'its words or variables are too long (E2BIG)');
}

interface Size {
  /** Bytes. */
  readonly all: number;
  readonly longest: number;
  readonly hasNul: boolean;
}

/** Many targets have one environment. */
const sizes = new WeakMap<NodeJS.ProcessEnv, Size>();

function sizeOfEnv(env: NodeJS.ProcessEnv): Size {
  const size = sizes.get(env) ?? sizeOf(Object.values(env));
  sizes.set(env, size);
  return size;
}

function sizeOf(texts: readonly (string | undefined)[]): Size {
  let [all, longest, hasNul] = [0, 0, false];
  for (const text of texts) {
    if (text === undefined) continue;
    const bytes = Buffer.byteLength(text);
    all += bytes;
    longest = Math.max(longest, bytes);
    hasNul ||= text.includes('\0');
  }
  return { all, longest, hasNul };
}

function prepareOutput(file: string): void {
  const open = (): void => closeSync(openSync(file, 'a', 0o640));
  try {
    open();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(file), { recursive: true });
    open();
  }
}

/** Milliseconds that a killed group may take to die. */
const MOMENT_MS = 200;

/** The wrapper's exit is the target's, unless somebody killed the wrapper alone. */
async function exitOf(ended: Promise<Exit>, pid: number, token: string, dataDir: string): Promise<Exit> {
  const exit = await ended;
  // The signal that ended the wrapper ended the target too, maybe a moment later, or it lives on without one.
  const from = performance.now();
  while (processAlive(pid)) {
    const record = await readRecord(dataDir);
    if (record?.token !== token || !(await sameProcess(record))) break;
    if (performance.now() - from > MOMENT_MS) return gone(record, dataDir);
    await pause(LOOK_MS / 5);
  }
  return exit;
}

function firstWord(stream: Readable): Promise<string> {
  return new Promise(resolve => {
    let text = '';
    const done = (): void => {
      stream.destroy();
      resolve(text.trim());
    };
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) done();
    });
    stream.once('close', done).once('error', done).once('end', done);
  });
}
