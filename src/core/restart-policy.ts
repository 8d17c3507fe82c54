/** Whether and when an exited target is started again; the decision with its reason, apart from its execution. */

export interface RestartPolicy {
  readonly restart: 'always' | 'on-failure' | 'never';
  /** Exit codes that count as a success. */
  readonly exitCodes: readonly number[];
  /** Milliseconds: a run that ends sooner is a failed start, whatever its exit code. */
  readonly startMs: number;
  /** Milliseconds: the first delay after the free immediate restart, doubling up to the cap. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** Milliseconds of running after which earlier failures are forgotten. */
  readonly settleMs: number;
  /** Restarts within the window (ms) before the limit is reached; 0: no limit. */
  readonly maxRestarts: number;
  readonly windowMs: number;
  /** At the limit: go on at the longest delay, or give up. */
  readonly atLimit: 'delay' | 'fail';
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when it could not be started at all. */
  readonly spawnError?: string;
  /** Set when it was ended for a failed probe or a limit: a failure, however it ended. */
  readonly unhealthy?: string;
  /** Milliseconds that it ran. */
  readonly ranMs: number;
}

/** What the policy remembers; an operator's start or restart clears it. */
export interface RestartHistory {
  /** Restarts in a row that did not outlive the settle time. */
  readonly streak: number;
  /** Monotonic ms of the restarts within the window. */
  readonly at: readonly number[];
}

export const noHistory: RestartHistory = { streak: 0, at: [] };

export type Verdict =
  | {
      readonly restart: true;
      readonly delayMs: number;
      readonly history: RestartHistory;
      readonly reason: string;
    }
  | { readonly restart: false; readonly phase: 'exited' | 'failed'; readonly reason: string };

export function describeExit(exit: Exit): string {
  if (exit.unhealthy !== undefined) return exit.unhealthy;
  if (exit.spawnError !== undefined) return exit.spawnError;
  if (exit.signal) return `killed by ${exit.signal}`;
  return exit.code === null ? 'ended, how is not known' : `exited with code ${exit.code}`;
}

/** `jitter` is from 0 to 1: it shortens a delay by up to a tenth, so that many do not restart as one. */
export function decide(
  policy: RestartPolicy,
  history: RestartHistory,
  exit: Exit,
  now: number,
  jitter: number,
): Verdict {
  const early = exit.ranMs < policy.startMs && exit.unhealthy === undefined && exit.spawnError === undefined;
  const expected = exit.unhealthy === undefined && exit.code !== null && policy.exitCodes.includes(exit.code);
  const what = early
    ? `${describeExit(exit)} within ${policy.startMs / 1000} s of its start`
    : describeExit(exit);
  if (policy.restart === 'never' || (policy.restart === 'on-failure' && expected && !early)) {
    return {
      restart: false,
      phase: expected && !early ? 'exited' : 'failed',
      reason: `${what}; restart=${policy.restart}`,
    };
  }
  const at = history.at.filter(time => now - time < policy.windowMs);
  const limited = policy.maxRestarts > 0 && at.length >= policy.maxRestarts;
  const within = `${at.length} restarts within ${policy.windowMs / 1000} s`;
  if (limited && policy.atLimit === 'fail') {
    return { restart: false, phase: 'failed', reason: `${what}; gave up after ${within}` };
  }
  const before = exit.ranMs >= policy.settleMs ? 0 : history.streak;
  const full = limited ? policy.backoffMaxMs : backoff(policy, before);
  const delayMs = Math.round(full * (1 - jitter / 10));
  const when =
    delayMs === 0 ? 'restarted at once' : `restart ${before + 1} in a row after ${delayMs / 1000} s`;
  const reason = limited ? `${what}; ${when}, the longest wait: ${within}` : `${what}; ${when}`;
  return { restart: true, delayMs, history: { streak: before + 1, at: [...at, now] }, reason };
}

/** An end whose consequence is known before it comes. */
export interface AtOnce {
  /** Milliseconds of running from which on it is. */
  readonly afterMs: number;
  /** Exit codes that have another one. */
  readonly unless: readonly number[];
}

/** From when on the end of a run is followed by a restart at once, whenever it comes; null where it may not be. `now`: monotonic ms. */
export function surelyAtOnce(
  { restart, exitCodes, startMs, settleMs, maxRestarts, windowMs }: RestartPolicy,
  history: RestartHistory,
  now: number,
): AtOnce | null {
  const afterMs = Math.max(startMs, history.streak === 0 ? 0 : settleMs);
  const recent = history.at.filter(time => now + afterMs - time < windowMs);
  if (restart === 'never' || (maxRestarts > 0 && recent.length >= maxRestarts)) return null;
  return { afterMs, unless: restart === 'on-failure' ? exitCodes : [] };
}

const backoff = (policy: RestartPolicy, streak: number): number =>
  streak === 0 ? 0 : Math.min(policy.backoffMaxMs, policy.backoffMinMs * 2 ** Math.min(streak - 1, 30));
