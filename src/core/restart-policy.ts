/** Whether and when an exited target is started again; the decision with its reason, apart from its execution. */

export interface RestartPolicy {
  readonly restart: 'always' | 'on-failure' | 'never';
  /** Milliseconds: the first delay after the free immediate restart, doubling up to the cap. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** Milliseconds of running after which earlier failures are forgotten. */
  readonly settleMs: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Set when it could not be started at all. */
  readonly spawnError?: string;
  /** Milliseconds that it ran. */
  readonly ranMs: number;
}

export type Verdict =
  | { readonly restart: true; readonly delayMs: number; readonly streak: number; readonly reason: string }
  | { readonly restart: false; readonly phase: 'exited' | 'failed'; readonly reason: string };

export function describeExit(exit: Exit): string {
  if (exit.spawnError !== undefined) return exit.spawnError;
  return exit.signal ? `killed by ${exit.signal}` : `exited with code ${exit.code}`;
}

/** `streak`: restarts in a row that did not outlive the settle time. */
export function decide(policy: RestartPolicy, streak: number, exit: Exit): Verdict {
  const what = describeExit(exit);
  const clean = exit.code === 0;
  if (policy.restart === 'never' || (policy.restart === 'on-failure' && clean)) {
    return {
      restart: false,
      phase: clean ? 'exited' : 'failed',
      reason: `${what}; restart=${policy.restart}`,
    };
  }
  const before = exit.ranMs >= policy.settleMs ? 0 : streak;
  const delayMs =
    before === 0 ? 0 : Math.min(policy.backoffMaxMs, policy.backoffMinMs * 2 ** Math.min(before - 1, 30));
  const when =
    delayMs === 0 ? 'restarted at once' : `restart ${before + 1} in a row after ${delayMs / 1000} s`;
  return { restart: true, delayMs, streak: before + 1, reason: `${what}; ${when}` };
}
