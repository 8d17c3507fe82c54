/** Hands a text to a program on its standard input. No shell; whatever becomes of it, nothing of its group is left. */
import spawn from 'cross-spawn';
import { signalGroup } from './signals.js';

export interface HandOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

/** Whether it ended with exit code 0, and in words how it ended. Never rejects. */
export function handTo(
  words: readonly string[],
  text: string,
  options: HandOptions,
): Promise<[boolean, string]> {
  const { env, timeoutMs, signal } = options;
  if (signal.aborted) return Promise.resolve([false, 'not run']);
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, { env, detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  return new Promise(resolve => {
    let found: string | null = null;
    const end = (why: string) => () => {
      found = why;
      killGroup(child.pid);
      // The kernel may hold it: who waits for us does not wait for that.
      over(false, why);
    };
    const late = end(`killed: it took more than ${timeoutMs / 1000} s`);
    const cut = end('killed: the node stops');
    const timer = setTimeout(late, timeoutMs);
    signal.addEventListener('abort', cut, { once: true });
    const over = (passed: boolean, how: string): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cut);
      resolve([passed, how]);
    };
    child.once('error', (error: NodeJS.ErrnoException) => over(false, error.code ?? error.message));
    child.once('exit', (code, by) => {
      killGroup(child.pid);
      over(code === 0 && found === null, found ?? (by ? `killed by ${by}` : `exit code ${code}`));
    });
    // It need not read what it is handed.
    child.stdin?.on('error', () => {});
    child.stdin?.end(text);
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined && pid > 1) signalGroup(pid, 'SIGKILL');
  } catch {
    // EPERM: it has become another user's
  }
}
