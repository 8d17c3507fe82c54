import {
  type Circumstances,
  initialTarget,
  type Step,
  type TargetEvent,
  type TargetModel,
  type TargetPolicy,
} from '../../../src/core/phases.js';

export const NOW = 1_000_000;
export const POLICY: TargetPolicy = {
  restart: 'always',
  exitCodes: [0],
  startMs: 0,
  maxRestarts: 0,
  windowMs: 60_000,
  atLimit: 'delay',
  backoffMinMs: 1000,
  backoffMaxMs: 30_000,
  settleMs: 10_000,
  graceMs: 5000,
};

export const AT: Circumstances = { now: NOW, policy: POLICY, jitter: 0 };

/** One of each event; the exits are failures. */
export const EVENTS: readonly TargetEvent[] = [
  { type: 'start', by: 'ops' },
  { type: 'stop', by: 'ops' },
  { type: 'restart', by: 'ops' },
  { type: 'spawned', pid: 42 },
  { type: 'spawn-failed', message: 'cannot start "x"' },
  { type: 'adopted', pid: 43, ranMs: 7000 },
  { type: 'ended', code: 1, signal: null, ranMs: 7000 },
  { type: 'exited', code: 1, signal: null },
  { type: 'unhealthy', reason: 'no answer' },
  { type: 'backoff-over' },
  { type: 'grace-over' },
];

const model = (more: Partial<TargetModel>): TargetModel => ({
  ...initialTarget,
  reason: 'so it was',
  startedAt: NOW - 100,
  generation: 1,
  ...more,
});

/** One of each phase, and those of its kinds that the table tells apart. */
export const MODELS = {
  stopped: model({ phase: 'stopped' }),
  exited: model({ phase: 'exited', exitCode: 0 }),
  failed: model({ phase: 'failed', exitCode: 1 }),
  backoff: model({ phase: 'backoff', exitCode: 1, history: { streak: 2, at: [] } }),
  starting: model({ phase: 'starting' }),
  running: model({ phase: 'running', pid: 41 }),
  'running, second in a row': model({ phase: 'running', pid: 41, history: { streak: 1, at: [] } }),
  stopping: model({ phase: 'stopping', pid: 41 }),
  'stopping, still being spawned': model({ phase: 'stopping' }),
  'stopping to start again': model({ phase: 'stopping', pid: 41, after: 'start' }),
  'stopping what failed': model({ phase: 'stopping', pid: 41, after: 'policy' }),
};

/** A step in one line: `stopping: signal-stop timer(grace-over 5000) again`; `-` for the very same model. */
export function shown(before: TargetModel, { model: after, effects }: Step): string {
  if (after === before && effects.length === 0) return '-';
  const told = effects.map(effect =>
    effect.type === 'timer' ? `timer(${effect.event} ${effect.ms})` : effect.type,
  );
  return [`${after.phase}:`, ...told, ...(after.after === 'stay' ? [] : [`then ${after.after}`])].join(' ');
}
