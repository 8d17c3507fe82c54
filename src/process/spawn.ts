/** What is known of a process that was started, and why one could not be. */

export interface Exit {
  /** null where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  pid: number;
  /** Its process group, which is a session of its own. */
  group: number;
  /** By which it is told from a later process of its pid; null where the machine does not tell. */
  startTicks: string | null;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Resolves once, never rejects. */
  exited: Promise<Exit>;
}

/** A command that could not be started; `errno` such as ENOENT, EACCES, EAGAIN. */
export class SpawnError extends Error {
  readonly code = 'spawn-failed';
  readonly errno: string;

  static of(command: string, { code, message }: NodeJS.ErrnoException): SpawnError {
    return new SpawnError(command, code ?? 'UNKNOWN', message);
  }

  constructor(command: string, errno: string, why: string) {
    super(`cannot start ${JSON.stringify(command)}: ${why}`);
    this.name = 'SpawnError';
    this.errno = errno;
  }
}
