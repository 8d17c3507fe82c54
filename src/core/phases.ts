/**
 * The life of one target as a table: phase x event -> what happens. Pure: no timers, no processes.
 * (After s6-supervise: a total table with tiny actions; nothing is implicit.)
 */
import type { Phase } from './facts.js';
import { decide, describeExit, type Exit, type RestartPolicy } from './restart-policy.js';

export interface TargetModel {
  readonly phase: Phase;
  readonly reason: string;
  /** Null where no process lives. */
  readonly pid: number | null;
  /** Monotonic ms of the last spawn. */
  readonly startedAt: number;
  /** Spawns since the leaf started; tells one run from the next. */
  readonly generation: number;
  /** Restarts in a row that did not outlive the settle time. */
  readonly streak: number;
  /** While stopping: start again once it is gone. */
  readonly again: boolean;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export type TargetEvent =
  | { readonly type: 'start'; readonly by: string }
  | { readonly type: 'stop'; readonly by: string }
  | { readonly type: 'restart'; readonly by: string }
  | { readonly type: 'spawned'; readonly pid: number }
  | { readonly type: 'spawn-failed'; readonly message: string }
  | { readonly type: 'exited'; readonly code: number | null; readonly signal: string | null }
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

export const initialTarget: TargetModel = {
  phase: 'stopped',
  reason: 'not started yet',
  pid: null,
  startedAt: 0,
  generation: 0,
  streak: 0,
  again: false,
  exitCode: null,
  signal: null,
};

type Handler<T extends TargetEvent['type']> = (
  model: TargetModel,
  event: Extract<TargetEvent, { type: T }>,
  now: number,
  policy: TargetPolicy,
) => Step;
type Table = { readonly [P in Phase]: { readonly [T in TargetEvent['type']]: Handler<T> } };

const stay = (model: TargetModel): Step => ({ model, effects: [] });

const spawn = (model: TargetModel, reason: string, now: number): Step => ({
  model: {
    ...model,
    phase: 'starting',
    reason,
    again: false,
    startedAt: now,
    generation: model.generation + 1,
  },
  effects: [{ type: 'cancel-timer' }, { type: 'spawn' }],
});

/** What an operator starts begins with a clean history. */
const begin = (model: TargetModel, event: { by: string; type: string }, now: number): Step =>
  spawn({ ...model, streak: 0 }, `${event.type} by ${event.by}`, now);

const halt = (model: TargetModel, event: { by: string }): Step => ({
  model: { ...model, phase: 'stopped', reason: `stop by ${event.by}`, again: false },
  effects: [{ type: 'cancel-timer' }],
});

const stopping = (model: TargetModel, reason: string, again: boolean, policy: TargetPolicy): Step => ({
  model: { ...model, phase: 'stopping', reason, again },
  effects:
    model.pid === null
      ? [] // still being spawned: it is signalled as soon as it has a pid
      : [{ type: 'signal-stop' }, { type: 'timer', event: 'grace-over', ms: policy.graceMs }],
});

const onStop: Handler<'stop'> = (model, event, _now, policy) =>
  stopping(model, `stop by ${event.by}`, false, policy);
const onRestart: Handler<'restart'> = (model, event, _now, policy) =>
  stopping(model, `restart by ${event.by}`, true, policy);

function afterEnd(model: TargetModel, exit: Exit, now: number, policy: TargetPolicy): Step {
  const verdict = decide(policy, model.streak, exit);
  const ended = { ...model, pid: null, exitCode: exit.code, signal: exit.signal, reason: verdict.reason };
  if (!verdict.restart) return stay({ ...ended, phase: verdict.phase });
  const next = { ...ended, streak: verdict.streak };
  if (verdict.delayMs === 0) return spawn(next, verdict.reason, now);
  return {
    model: { ...next, phase: 'backoff' },
    effects: [{ type: 'timer', event: 'backoff-over', ms: verdict.delayMs }],
  };
}

const onExit: Handler<'exited'> = (model, event, now, policy) =>
  afterEnd(model, { code: event.code, signal: event.signal, ranMs: now - model.startedAt }, now, policy);
const onSpawnFailed: Handler<'spawn-failed'> = (model, event, now, policy) =>
  afterEnd(model, { code: null, signal: null, spawnError: event.message, ranMs: 0 }, now, policy);
const onSpawned: Handler<'spawned'> = (model, event) =>
  stay({ ...model, phase: 'running', pid: event.pid, exitCode: null, signal: null });

/** The stop that was asked for is over, whichever way the process went. */
function stopped(model: TargetModel, how: string, now: number): Step {
  const gone = { ...model, pid: null, streak: 0 };
  if (model.again) return spawn(gone, model.reason, now);
  return {
    model: { ...gone, phase: 'stopped', reason: `${model.reason}; ${how}` },
    effects: [{ type: 'cancel-timer' }],
  };
}

const startAgain = (model: TargetModel, event: { by: string; type: string }): Step =>
  stay({ ...model, again: true, reason: `${event.type} by ${event.by}` });

const idle = {
  start: begin,
  restart: begin,
  stop: halt,
  spawned: stay,
  'spawn-failed': stay,
  exited: stay,
  'backoff-over': stay,
  'grace-over': stay,
} satisfies Table['stopped'];

const PHASE_TABLE: Table = {
  stopped: { ...idle, stop: stay },
  exited: idle,
  failed: idle,
  backoff: { ...idle, 'backoff-over': (model, _event, now) => spawn(model, model.reason, now) },
  starting: {
    ...idle,
    start: stay,
    restart: stay,
    stop: onStop,
    spawned: onSpawned,
    'spawn-failed': onSpawnFailed,
    exited: onExit,
  },
  running: { ...idle, start: stay, restart: onRestart, stop: onStop, exited: onExit },
  stopping: {
    ...idle,
    start: startAgain,
    restart: startAgain,
    stop: (model, event) => stay({ ...model, again: false, reason: `stop by ${event.by}` }),
    spawned: (model, event, _now, policy) =>
      stopping({ ...model, pid: event.pid }, model.reason, model.again, policy),
    'spawn-failed': (model, event, now) => stopped(model, event.message, now),
    exited: (model, event, now) => {
      const exit = { code: event.code, signal: event.signal };
      return stopped(
        { ...model, exitCode: exit.code, signal: exit.signal },
        describeExit({ ...exit, ranMs: 0 }),
        now,
      );
    },
    'grace-over': model => ({ model, effects: [{ type: 'kill' }] }),
  },
};

export function step(model: TargetModel, event: TargetEvent, now: number, policy: TargetPolicy): Step {
  const handler = PHASE_TABLE[model.phase][event.type] as Handler<TargetEvent['type']>;
  return handler(model, event, now, policy);
}
