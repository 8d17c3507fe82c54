/** How a command to many is carried out, and what became of it: counted, never called a success where it was none. */
import { type Arguments, flag, seconds, whole } from './arguments.js';

export interface Rollout {
  /** Leaves at a time; null: all at once. */
  readonly parallelism: number | null;
  /** Leaves not up at a time, those that were not up before included; null: no matter. */
  readonly maxUnavailable: number | null;
  readonly stopOnFailure: boolean;
  readonly dryRun: boolean;
  /** Milliseconds for each leaf. */
  readonly timeoutMs: number;
}

export const ROLLOUT_KEYS = ['parallelism', 'maxUnavailable', 'stopOnFailure', 'dryRun', 'timeout'] as const;

const DEFAULT_TIMEOUT_S = 60;
const LONGEST_S = 86_400;
const MOST_AT_ONCE = 1_000_000;

/** Takes what concerns the rollout out of the arguments; the rest is the command's own. Throws `bad-argument`. */
export function rolloutOf(args: Arguments): {
  rollout: Rollout;
  rest: Record<string, unknown>;
} {
  const { parallelism, maxUnavailable, stopOnFailure, dryRun, timeout, ...rest } = args;
  return {
    rollout: {
      parallelism: count('parallelism', parallelism),
      maxUnavailable: count('maxUnavailable', maxUnavailable),
      stopOnFailure: flag('stopOnFailure', stopOnFailure),
      dryRun: flag('dryRun', dryRun),
      timeoutMs: seconds('timeout', timeout ?? DEFAULT_TIMEOUT_S, LONGEST_S) * 1000,
    },
    rest,
  };
}

/** Null where it was not given. */
const count = (name: string, value: unknown): number | null =>
  value === undefined ? null : whole(name, value, 1, MOST_AT_ONCE);

export type LeafStatus = 'succeeded' | 'failed' | 'unreachable' | 'timedOut' | 'skipped' | 'planned';
export interface LeafOutcome {
  readonly path: string;
  readonly status: LeafStatus;
  readonly error?: string;
}

export interface Summary {
  readonly status: 'succeeded' | 'partial' | 'failed';
  readonly data: Record<string, unknown>;
}

/** `succeeded` only where every leaf did, or would by a dry run; `failed` where none did. */
export function summarize(results: readonly LeafOutcome[], dryRun = false): Summary {
  const of = (status: LeafStatus): number => results.filter(result => result.status === status).length;
  const succeeded = of('succeeded');
  const well = dryRun ? of('planned') : succeeded;
  const [failed, unreachable, timedOut] = [of('failed'), of('unreachable'), of('timedOut')];
  const counts = { expected: results.length, succeeded, failed, unreachable, timedOut };
  // Of which there are none but with `stopOnFailure`.
  const skipped = of('skipped');
  const data = { ...counts, ...(skipped > 0 && { skipped }), results: [...results] };
  return {
    status: well === results.length ? 'succeeded' : well > 0 ? 'partial' : 'failed',
    data: dryRun ? { dryRun, ...data } : data,
  };
}
