/** Starts a command in a session of its own, so that it neither dies with us nor shares our signals. */

import type { ChildProcess } from 'node:child_process';
import spawn from 'cross-spawn';

export interface Exit {
  /** null where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  pid: number;
  /** Its process group, which is a session of its own. */
  group: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Resolves once, never rejects. */
  exited: Promise<Exit>;
}

export interface StartOptions {
  /** The command and its arguments. */
  words: readonly string[];
  cwd?: string;
  env: NodeJS.ProcessEnv;
  /** A file descriptor opened for appending; takes stdout and stderr. Stays the caller's to close. */
  output: number;
}

/** A command that could not be started; `errno` such as ENOENT, EACCES, EAGAIN. */
export class SpawnError extends Error {
  readonly code = 'spawn-failed';
  readonly errno: string;

  constructor(command: string, errno: string, why: string) {
    super(`cannot start ${JSON.stringify(command)}: ${why}`);
    this.name = 'SpawnError';
    this.errno = errno;
  }
}

/**
 * Resolves when the command runs.
 * @throws SpawnError where it can't be run: not found, not executable, no such `cwd`, too many processes
 */
export async function startProcess(options: StartOptions): Promise<RunningProcess> {
  const { words, cwd, env, output } = options;
  const command = words[0];
  if (!command) throw new SpawnError('', 'EINVAL', 'the command is empty');
  const child = launch(command, words.slice(1), { cwd, env, output });
  const exited = exitOf(child);
  // A missing command gives `error` and never `exit`: without this promise it would wait for ever.
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', error => reject(spawnError(command, cwd, error)));
  });
  // A later `error` is a failed kill, which signalGroup reports itself.
  child.on('error', () => {});
  return { pid: child.pid as number, group: child.pid as number, startedAt: Date.now(), exited };
}

function launch(
  command: string,
  args: string[],
  { cwd, env, output }: { cwd: string | undefined; env: NodeJS.ProcessEnv; output: number },
): ChildProcess {
  try {
    return spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', output, output] });
  } catch (error) {
    throw spawnError(command, cwd, error as NodeJS.ErrnoException);
  }
}

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise(resolve => child.once('exit', (code, signal) => resolve({ code, signal })));

function spawnError(command: string, cwd: string | undefined, error: NodeJS.ErrnoException): SpawnError {
  const errno = error.code ?? 'UNKNOWN';
  const reasons: Record<string, string> = {
    ENOENT: cwd ? `not found (or no directory ${cwd})` : 'not found',
    EACCES: 'not executable, or not allowed',
    EAGAIN: 'too many processes',
    EMFILE: 'too many open files',
  };
  return new SpawnError(command, errno, `${reasons[errno] ?? error.message} (${errno})`);
}
