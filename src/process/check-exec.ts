/** A command as a probe: exit code 0 passes. Whatever becomes of it, nothing of it is left. */
import type { ChildProcess } from 'node:child_process';
import spawn from 'cross-spawn';
import { descendantsOf } from './descendants.js';
import { MARK, markedProcesses, markedSoon } from './marked.js';
import { signalGroup, signalProcess } from './signals.js';

export interface ExecPlace {
  readonly env: NodeJS.ProcessEnv;
  /** Of its own among all that run at a time: what leaves its group is found by it. */
  readonly mark: string;
  readonly cwd?: string;
  /** Words before its own, of programs that become it, such as those that switch to another user. */
  readonly before?: readonly string[];
}

const LOOKS = 5;
/** By their marks, those that were killed and are not gone: the kernel holds them, and more would only pile up. */
const stuck = new Set<string>();
/** By their marks, those that have been run before: what an earlier process of ours has left is ended at the first. */
const known = new Set<string>();
/** Runs at whose end what carries their mark is looked for once more. */
const watched = new WeakSet<AbortSignal>();

/** `run` outlives the look. @throws the error of spawn (ENOENT, EACCES, …) */
export async function checkExec(
  words: readonly string[],
  signal: AbortSignal,
  { mark, env, cwd, before = [] }: ExecPlace,
  run: AbortSignal = signal,
): Promise<[boolean, string]> {
  if (signal.aborted) return [false, 'not run'];
  if (stuck.has(mark)) return [false, 'the last one was killed and is not gone yet'];
  if (!known.has(mark)) attempt(() => killMarked(mark));
  known.add(mark);
  atEnd(run, mark);
  // No pipe: what it writes is dropped, and it can neither block on us nor hold anything open.
  const [program = '', ...rest] = [...before, ...words];
  const options = { cwd, env: { ...env, [MARK]: mark }, detached: true, stdio: 'ignore' } as const;
  const child = spawn(program, rest, options);
  return new Promise((resolve, reject) => {
    const kill = (): void => {
      stuck.add(mark);
      end(child, mark);
      resolve([false, 'killed']);
    };
    const over = (): void => {
      signal.removeEventListener('abort', kill);
      stuck.delete(mark);
      killGroup(child);
    };
    const answer = (passed: boolean, found: string): void =>
      void clear(mark, signal).then(() => resolve([passed, found]));
    signal.addEventListener('abort', kill, { once: true });
    child.once('error', error => {
      over();
      reject(error);
    });
    child.once('exit', (code, by) => {
      over();
      answer(code === 0, by ? `killed by ${by}` : `exit code ${code}`);
    });
  });
}

/** At the timeout those who took a session of their own go as well: to find them costs a look at every process. */
function end(child: ChildProcess, mark: string): void {
  const { pid } = child;
  // Before their parents end: those that have dropped the mark as well can't be told from others then.
  attempt(() => {
    for (const one of pid === undefined ? [] : descendantsOf([pid]))
      attempt(() => signalProcess(one.pid, 'SIGKILL'));
  });
  killGroup(child);
  attempt(() => killMarked(mark));
}

/** After an answer, before the next look. Given up when called off: then a new run may have begun, under the same mark. */
async function clear(mark: string, signal: AbortSignal): Promise<void> {
  const off = (): void => attempt(() => killMarked(mark));
  if (signal.aborted) return;
  signal.addEventListener('abort', off, { once: true });
  try {
    for (let look = 0; look < LOOKS; look++) {
      const left = await markedSoon(mark);
      if (signal.aborted || left.length === 0) return;
      for (const pid of left) attempt(() => signalProcess(pid, 'SIGKILL'));
    }
  } catch {
    known.delete(mark); // nobody could be looked for: the next look begins with it
  } finally {
    signal.removeEventListener('abort', off);
  }
}

/** What was forked between a look at who is left and its kill. At once: the next run has the same mark. */
function atEnd(run: AbortSignal, mark: string): void {
  if (watched.has(run)) return;
  watched.add(run);
  run.addEventListener('abort', () => attempt(() => killMarked(mark)), { once: true });
}

/** Looks again: one may have forked meanwhile. */
function killMarked(mark: string): void {
  for (let look = 0; look < LOOKS; look++) {
    const left = markedProcesses(mark) ?? [];
    if (left.length === 0) return;
    for (const pid of left) attempt(() => signalProcess(pid, 'SIGKILL'));
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined && pid > 1) attempt(() => signalGroup(pid, 'SIGKILL'));
}

/** EPERM: it has become another user's. EMFILE: nobody can be looked for. Neither is worth a leaf. */
function attempt(kill: () => void): void {
  try {
    kill();
  } catch {
    // the next look is told where something is left
  }
}
