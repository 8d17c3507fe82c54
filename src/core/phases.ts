/**
 * The life of one target as a table: phase x event -> what happens. Pure: no timers, no processes.
 * (After s6-supervise: a total table with tiny actions; nothing is implicit.)
 */
import type { Phase } from './facts.js';
import { decide, describeExit, type Exit, noHistory } from './restart-policy.js';
import type { Circumstances, Step, TargetEvent, TargetModel } from './target-model.js';

export * from './target-model.js';

type Handler<T extends TargetEvent['type']> = (
  model: TargetModel,
  event: Extract<TargetEvent, { type: T }>,
  at: Circumstances,
) => Step;
type Table = { readonly [P in Phase]: { readonly [T in TargetEvent['type']]: Handler<T> } };

const stay = (model: TargetModel): Step => ({ model, effects: [] });

const spawn = (model: TargetModel, reason: string, { now }: Circumstances): Step => ({
  model: {
    ...model,
    phase: 'starting',
    reason,
    after: 'stay',
    startedAt: now,
    generation: model.generation + 1,
  },
  effects: [{ type: 'cancel-timer' }, { type: 'spawn' }],
});

/** What an operator starts begins with a clean history. */
const begin = (model: TargetModel, event: { by: string; type: string }, at: Circumstances): Step =>
  spawn({ ...model, history: noHistory }, `${event.type} by ${event.by}`, at);

const halt = (model: TargetModel, event: { by: string }): Step => ({
  model: { ...model, phase: 'stopped', reason: `stop by ${event.by}`, after: 'stay' },
  effects: [{ type: 'cancel-timer' }],
});

const stopping = (
  model: TargetModel,
  reason: string,
  after: TargetModel['after'],
  { policy }: Circumstances,
): Step => ({
  model: { ...model, phase: 'stopping', reason, after },
  effects:
    model.pid === null
      ? [] // still being spawned: it is signalled as soon as it has a pid
      : [{ type: 'signal-stop' }, { type: 'timer', event: 'grace-over', ms: policy.graceMs }],
});

const onStop: Handler<'stop'> = (model, event, at) => stopping(model, `stop by ${event.by}`, 'stay', at);
const onRestart: Handler<'restart'> = (model, event, at) =>
  stopping({ ...model, history: noHistory }, `restart by ${event.by}`, 'start', at);
const onUnhealthy: Handler<'unhealthy'> = (model, event, at) => stopping(model, event.reason, 'policy', at);

function afterEnd(model: TargetModel, exit: Exit, at: Circumstances): Step {
  const verdict = decide(at.policy, model.history, exit, at.now, at.jitter);
  const ended = {
    ...model,
    after: 'stay' as const,
    pid: null,
    exitCode: exit.code,
    signal: exit.signal,
    reason: verdict.reason,
  };
  if (!verdict.restart)
    return { model: { ...ended, phase: verdict.phase }, effects: [{ type: 'cancel-timer' }] };
  const next = { ...ended, history: verdict.history };
  if (verdict.delayMs === 0) return spawn(next, verdict.reason, at);
  return {
    model: { ...next, phase: 'backoff' },
    effects: [{ type: 'timer', event: 'backoff-over', ms: verdict.delayMs }],
  };
}

/** We may have heard late of its start, or of the end of the one before. */
const exitOf = (
  { startedAt }: TargetModel,
  event: Extract<TargetEvent, { type: 'exited' }>,
  now: number,
): Exit => {
  const { code, signal, ranMs } = event;
  return { code, signal, ranMs: Math.max(now - startedAt, ranMs ?? 0) };
};

const onExit: Handler<'exited'> = (model, event, at) => afterEnd(model, exitOf(model, event, at.now), at);
const onSpawnFailed: Handler<'spawn-failed'> = (model, event, at) =>
  afterEnd(model, { code: null, signal: null, spawnError: event.message, ranMs: 0 }, at);
const onSpawned: Handler<'spawned'> = (model, event) =>
  stay({ ...model, phase: 'running', pid: event.pid, exitCode: null, signal: null });
/** Neither a start nor a restart: it ran all along. */
const onAdopted: Handler<'adopted'> = (model, event, { now }) =>
  stay({
    ...model,
    phase: 'running',
    reason: 'adopted from an earlier leaf',
    pid: event.pid,
    startedAt: now - event.ranMs,
    generation: model.generation + 1,
  });

/** As if it had been seen: that was a run, and what follows its end is a restart, or none. */
const onEnded: Handler<'ended'> = (model, { code, signal, ranMs, unhealthy, givenUp }, at) => {
  const ran = { ...model, generation: model.generation + 1 };
  const exit = { code, signal, ranMs, ...(unhealthy !== undefined && { unhealthy }) };
  if (!givenUp) return afterEnd(ran, exit, at);
  const reason = `${describeExit(exit)}; an earlier leaf gave up`;
  return stay({ ...ran, phase: 'failed', exitCode: code, signal, reason });
};

/** The stop that was asked for is over, whichever way the process went. */
function stopped(model: TargetModel, exit: Exit, at: Circumstances): Step {
  if (model.after === 'policy') return afterEnd(model, { ...exit, unhealthy: model.reason }, at);
  const gone = { ...model, pid: null, history: noHistory };
  if (model.after === 'start') return spawn(gone, model.reason, at);
  return {
    model: { ...gone, phase: 'stopped', reason: `${model.reason}; ${describeExit(exit)}` },
    effects: [{ type: 'cancel-timer' }],
  };
}

const startAgain = (model: TargetModel, event: { by: string; type: string }): Step =>
  stay({ ...model, after: 'start', reason: `${event.type} by ${event.by}` });

const idle = {
  start: begin,
  restart: begin,
  stop: halt,
  spawned: stay,
  'spawn-failed': stay,
  adopted: stay,
  ended: stay,
  exited: stay,
  unhealthy: stay,
  'backoff-over': stay,
  'grace-over': stay,
} satisfies Table['stopped'];

const PHASE_TABLE: Table = {
  stopped: { ...idle, stop: stay, adopted: onAdopted, ended: onEnded },
  exited: idle,
  failed: idle,
  backoff: { ...idle, 'backoff-over': (model, _event, at) => spawn(model, model.reason, at) },
  starting: {
    ...idle,
    start: stay,
    restart: stay,
    stop: onStop,
    spawned: onSpawned,
    'spawn-failed': onSpawnFailed,
    exited: onExit,
  },
  running: { ...idle, start: stay, restart: onRestart, stop: onStop, exited: onExit, unhealthy: onUnhealthy },
  stopping: {
    ...idle,
    start: startAgain,
    restart: startAgain,
    stop: (model, event) => stay({ ...model, after: 'stay', reason: `stop by ${event.by}` }),
    spawned: (model, event, at) => stopping({ ...model, pid: event.pid }, model.reason, model.after, at),
    'spawn-failed': (model, event, at) =>
      stopped(model, { code: null, signal: null, spawnError: event.message, ranMs: 0 }, at),
    exited: (model, event, at) => {
      const { code, signal } = event;
      return stopped({ ...model, exitCode: code, signal }, exitOf(model, event, at.now), at);
    },
    'grace-over': model => ({ model, effects: [{ type: 'kill' }] }),
  },
};

export function step(model: TargetModel, event: TargetEvent, at: Circumstances): Step {
  const handler = PHASE_TABLE[model.phase][event.type] as Handler<TargetEvent['type']>;
  return handler(model, event, at);
}
