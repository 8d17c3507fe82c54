/** How a command to many is carried out, and what became of it: counted, never called a success where it was none. */
import { CanopyError } from './errors.js';

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

const DEFAULT_TIMEOUT_S = 60;

/** Takes what concerns the rollout out of the arguments; the rest is the command's own. Throws `bad-argument`. */
export function rolloutOf(args: Readonly<Record<string, unknown>>): {
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
      timeoutMs: seconds('timeout', timeout) * 1000,
    },
    rest,
  };
}

function count(name: string, value: unknown): number | null {
  if (value === undefined) return null;
  if (Number.isInteger(value) && (value as number) >= 1) return value as number;
  throw wrong(name, 'a whole number from 1', value);
}

function flag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw wrong(name, 'true or false', value);
}

function seconds(name: string, value: unknown): number {
  if (value === undefined) return DEFAULT_TIMEOUT_S;
  if (typeof value === 'number' && value > 0 && value <= 86_400) return value;
  throw wrong(name, 'seconds above 0 and up to 86400', value);
}

const wrong = (name: string, expected: string, found: unknown): CanopyError =>
  new CanopyError('bad-argument', `${name}: expected ${expected}, found ${JSON.stringify(found)}`);

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

/** `succeeded` only where every leaf did; `failed` where none did. */
export function summarize(results: readonly LeafOutcome[], dryRun = false): Summary {
  const of = (status: LeafStatus): number => results.filter(result => result.status === status).length;
  const succeeded = of('succeeded');
  const all = dryRun || succeeded === results.length;
  const [failed, unreachable, timedOut] = [of('failed'), of('unreachable'), of('timedOut')];
  const data = { expected: results.length, succeeded, failed, unreachable, timedOut, results: [...results] };
  return {
    status: all ? 'succeeded' : succeeded > 0 ? 'partial' : 'failed',
    data: dryRun ? { dryRun, ...data } : data,
  };
}
