/** What is known of one target, what can happen to it, and what is done about it. */
import type { Phase } from './facts.js';
import { noHistory, type RestartHistory, type RestartPolicy } from './restart-policy.js';

export interface TargetModel {
  readonly phase: Phase;
  readonly reason: string;
  /** Null where no process lives. */
  readonly pid: number | null;
  /** Monotonic ms of the last spawn. */
  readonly startedAt: number;
  /** Spawns since the leaf started; tells one run from the next. */
  readonly generation: number;
  readonly history: RestartHistory;
  /** While stopping: what comes once it is gone. `policy`: it failed, and the restart policy decides. */
  readonly after: 'stay' | 'start' | 'policy';
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export type TargetEvent =
  | { readonly type: 'start'; readonly by: string }
  | { readonly type: 'stop'; readonly by: string }
  | { readonly type: 'restart'; readonly by: string }
  | { readonly type: 'spawned'; readonly pid: number }
  | { readonly type: 'spawn-failed'; readonly message: string }
  /** Found alive from before this leaf started; it has run for so long. */
  | { readonly type: 'adopted'; readonly pid: number; readonly ranMs: number }
  /** Found to have ended while no leaf was there to see it. */
  | {
      readonly type: 'ended';
      readonly code: number | null;
      readonly signal: string | null;
      readonly ranMs: number;
      /** Why an earlier leaf was ending it. */
      readonly unhealthy?: string;
      /** An earlier leaf had seen the end, and decided that nothing follows. */
      readonly givenUp?: boolean;
    }
  /** `ranMs`: milliseconds that were measured; without it, or where we knew sooner, it is reckoned from its start. */
  | {
      readonly type: 'exited';
      readonly code: number | null;
      readonly signal: string | null;
      readonly ranMs?: number | null;
    }
  /** A probe or a limit says that it must go. */
  | { readonly type: 'unhealthy'; readonly reason: string }
  | { readonly type: 'backoff-over' }
  | { readonly type: 'grace-over' };

export type TargetEffect =
  | { readonly type: 'spawn' }
  | { readonly type: 'signal-stop' }
  | { readonly type: 'kill' }
  | { readonly type: 'timer'; readonly event: 'backoff-over' | 'grace-over'; readonly ms: number }
  | { readonly type: 'cancel-timer' };

export interface TargetPolicy extends RestartPolicy {
  /** Milliseconds between the stop signal and KILL. */
  readonly graceMs: number;
}

export interface Step {
  readonly model: TargetModel;
  readonly effects: readonly TargetEffect[];
}

/** What a decision may look at besides the model: monotonic ms, the settings, and a random number from 0 to 1. */
export interface Circumstances {
  readonly now: number;
  readonly policy: TargetPolicy;
  readonly jitter: number;
}

export const initialTarget: TargetModel = {
  phase: 'stopped',
  reason: 'not started yet',
  pid: null,
  startedAt: 0,
  generation: 0,
  history: noHistory,
  after: 'stay',
  exitCode: null,
  signal: null,
};
