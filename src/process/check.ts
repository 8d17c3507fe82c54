/** One look of a probe at a target: over HTTP, TCP, or by a command. It always ends in time, and leaves nothing behind. */
import { connect } from 'node:net';
import { checkExec, type ExecPlace } from './check-exec.js';
import { checkHttp } from './check-http.js';
import { lookup } from './lookup.js';

export type Check =
  | { readonly kind: 'http'; readonly url: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'exec'; readonly words: readonly string[] };

export interface CheckResult {
  readonly passed: boolean;
  /** In words, what was asked and what came of it. */
  readonly found: string;
}

export interface CheckOptions {
  readonly timeoutMs: number;
  /** Ends it at once; what it then resolves with is of no use. */
  readonly signal: AbortSignal;
  readonly place: ExecPlace;
}

/** Never rejects. */
export async function check(of: Check, { timeoutMs, signal, place }: CheckOptions): Promise<CheckResult> {
  // Not AbortSignal.any: what it makes stays with a signal that lives as long as the target.
  const deadline = new AbortController();
  const end = (): void => deadline.abort();
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end, { once: true });
  const late = `no answer within ${timeoutMs / 1000} s`;
  try {
    const [passed, answer] = await look(of, deadline.signal, place, signal);
    return { passed, found: `${asked(of)} ${deadline.signal.aborted && !passed ? late : answer}` };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { passed: false, found: `${asked(of)} ${deadline.signal.aborted ? late : (code ?? message)}` };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function look(
  of: Check,
  deadline: AbortSignal,
  place: ExecPlace,
  run: AbortSignal,
): Promise<[boolean, string]> {
  if (of.kind === 'http') return checkHttp(of.url, deadline);
  return of.kind === 'tcp' ? checkTcp(of, deadline) : checkExec(of.words, deadline, place, run);
}

/** Without the query, which may hold a secret. */
function asked(of: Check): string {
  if (of.kind === 'http') return `GET ${of.url.replace(/\?.*$/, '')}:`;
  return of.kind === 'tcp' ? `connect to ${of.host}:${of.port}:` : `${of.words[0]}:`;
}

function checkTcp(
  { host, port }: { host: string; port: number },
  signal: AbortSignal,
): Promise<[boolean, string]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, lookup, signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve([true, 'connected']);
    });
    socket.once('close', () => resolve([false, 'closed']));
  });
}
