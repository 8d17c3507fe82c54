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
  /** It has begun in its cgroup, so that nothing of it can be outside. */
  isInside?: boolean;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Resolves once, never rejects. */
  exited: Promise<Exit>;
  /** Milliseconds that it ran, once it has ended; null where nobody was there to measure it. */
  ranMs?: () => number | null;
  /** Has another run follow its end at once; null where nobody can. @throws the error of the file system */
  succeed?: (how: Succession) => Successor | null;
}

/** When one run follows another without a word from here. */
export interface Succession {
  /** Exit codes of the first after which none does. */
  readonly unless: readonly number[];
  /** The directory of the cgroup in which all of the first is: where anything of it is left, none follows. */
  readonly cgroup: string;
  /** Bytes of an output file that is too long to go on with. */
  readonly longest: number;
}

export interface Successor {
  /** None follows from now on, unless it is under way. @throws the error of the file system */
  cancel(): void;
  /** After the end of the first: what has followed it, or why that could not be started; null: nothing. Never rejects. */
  readonly launched: Promise<RunningProcess | Error | null>;
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
