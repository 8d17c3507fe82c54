import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { initialTarget, step, type TargetEvent, type TargetModel } from '../../../src/core/phases.js';
import { AT, EVENTS, MODELS, NOW, shown } from './phase-support.js';

type Row = keyof typeof MODELS;
type Column = TargetEvent['type'];

const SPAWN = 'starting: cancel-timer spawn';
const IDLE = {
  start: SPAWN,
  stop: 'stopped: cancel-timer',
  restart: SPAWN,
  spawned: '-',
  'spawn-failed': '-',
  exited: '-',
  adopted: '-',
  ended: '-',
  unhealthy: '-',
  'backoff-over': '-',
  'grace-over': '-',
};
const STOP = 'stopping: signal-stop timer(grace-over 5000)';

/** Every cell: the next phase and the effects in order; `-` where nothing at all changes. */
const TABLE: { readonly [R in Row]: { readonly [C in Column]: string } } = {
  stopped: { ...IDLE, stop: '-', adopted: 'running:', ended: SPAWN },
  exited: IDLE,
  failed: IDLE,
  backoff: { ...IDLE, 'backoff-over': SPAWN },
  starting: {
    start: '-',
    stop: 'stopping:',
    restart: '-',
    spawned: 'running:',
    'spawn-failed': SPAWN,
    exited: SPAWN,
    adopted: '-',
    ended: '-',
    unhealthy: '-',
    'backoff-over': '-',
    'grace-over': '-',
  },
  running: {
    start: '-',
    stop: STOP,
    restart: `${STOP} then start`,
    spawned: '-',
    'spawn-failed': '-',
    exited: SPAWN,
    adopted: '-',
    ended: '-',
    unhealthy: `${STOP} then policy`,
    'backoff-over': '-',
    'grace-over': '-',
  },
  // The third and later end in a row: the free restart is used up.
  'running, second in a row': {
    start: '-',
    stop: STOP,
    restart: `${STOP} then start`,
    spawned: '-',
    'spawn-failed': '-',
    exited: 'backoff: timer(backoff-over 1000)',
    adopted: '-',
    ended: '-',
    unhealthy: `${STOP} then policy`,
    'backoff-over': '-',
    'grace-over': '-',
  },
  stopping: {
    start: 'stopping: then start',
    stop: 'stopping:',
    restart: 'stopping: then start',
    spawned: STOP,
    'spawn-failed': 'stopped: cancel-timer',
    exited: 'stopped: cancel-timer',
    adopted: '-',
    ended: '-',
    unhealthy: '-',
    'backoff-over': '-',
    'grace-over': 'stopping: kill',
  },
  'stopping, still being spawned': {
    start: 'stopping: then start',
    stop: 'stopping:',
    restart: 'stopping: then start',
    spawned: STOP,
    'spawn-failed': 'stopped: cancel-timer',
    exited: 'stopped: cancel-timer',
    adopted: '-',
    ended: '-',
    unhealthy: '-',
    'backoff-over': '-',
    'grace-over': 'stopping: kill',
  },
  'stopping to start again': {
    start: 'stopping: then start',
    stop: 'stopping:',
    restart: 'stopping: then start',
    spawned: `${STOP} then start`,
    'spawn-failed': SPAWN,
    exited: SPAWN,
    adopted: '-',
    ended: '-',
    unhealthy: '-',
    'backoff-over': '-',
    'grace-over': 'stopping: kill then start',
  },
  // The stop was ours: the policy decides, as if it had ended by itself.
  'stopping what failed': {
    start: 'stopping: then start',
    stop: 'stopping:',
    restart: 'stopping: then start',
    spawned: `${STOP} then policy`,
    'spawn-failed': SPAWN,
    exited: SPAWN,
    adopted: '-',
    ended: '-',
    unhealthy: '-',
    'backoff-over': '-',
    'grace-over': 'stopping: kill then policy',
  },
};

describe('phase x event', () => {
  for (const row of Object.keys(TABLE) as Row[]) {
    test(row, () => {
      for (const event of EVENTS)
        assert.equal(shown(MODELS[row], step(MODELS[row], event, AT)), TABLE[row][event.type], event.type);
    });
  }
});

/** What a walk through the table leaves behind. */
const walk = (...events: TargetEvent[]): TargetModel =>
  events.reduce((model, event) => step(model, event, AT).model, initialTarget);
const by = 'ops';
const [start, stop, restart] = (['start', 'stop', 'restart'] as const).map(type => ({ type, by }));
const spawned = (pid: number): TargetEvent => ({ type: 'spawned', pid });
const exited = (code: number | null, signal: string | null = null): TargetEvent => ({
  type: 'exited',
  code,
  signal,
});

test('the reason says what led there', () => {
  const cases: [TargetEvent[], string][] = [
    [[], 'not started yet'],
    [[start as TargetEvent], 'start by ops'],
    [[start as TargetEvent, spawned(7), exited(1)], 'exited with code 1; restarted at once'],
    [[start as TargetEvent, spawned(7), stop as TargetEvent], 'stop by ops'],
    [
      [start as TargetEvent, spawned(7), stop as TargetEvent, exited(null, 'SIGTERM')],
      'stop by ops; killed by SIGTERM',
    ],
    [[start as TargetEvent, spawned(7), restart as TargetEvent, exited(0)], 'restart by ops'],
    [
      [start as TargetEvent, spawned(7), stop as TargetEvent, start as TargetEvent, exited(0)],
      'start by ops',
    ],
    [[start as TargetEvent, { type: 'spawn-failed', message: 'no x' }], 'no x; restarted at once'],
  ];
  for (const [events, reason] of cases) assert.equal(walk(...events).reason, reason);
});

test('how it ended is kept until it runs again', () => {
  const ended = walk(start as TargetEvent, spawned(7), exited(3));
  assert.deepEqual([ended.exitCode, ended.signal, ended.pid, ended.generation], [3, null, null, 2]);
  const again = step(ended, spawned(8), AT).model;
  assert.deepEqual([again.exitCode, again.signal, again.pid, again.phase], [null, null, 8, 'running']);
});

test('an adopted target was neither started nor restarted, and began when it did', () => {
  const { phase, pid, startedAt, generation, reason } = step(
    initialTarget,
    { type: 'adopted', pid: 43, ranMs: 7000 },
    AT,
  ).model;
  assert.deepEqual([phase, pid, startedAt, generation], ['running', 43, NOW - 7000, 1]);
  assert.equal(reason, 'adopted from an earlier leaf');
});

test('an end that no leaf saw is decided on as one that it saw', () => {
  const cases = [
    ['always', 0, 60_000, 'starting', 'exited with code 0; restarted at once'],
    ['on-failure', 0, 60_000, 'exited', 'exited with code 0; restart=on-failure'],
    ['on-failure', 3, 60_000, 'starting', 'exited with code 3; restarted at once'],
    ['on-failure', 0, 500, 'starting', 'exited with code 0 within 1 s of its start; restarted at once'],
    ['never', 0, 60_000, 'exited', 'exited with code 0; restart=never'],
    ['never', 3, 60_000, 'failed', 'exited with code 3; restart=never'],
    ['never', null, 60_000, 'failed', 'ended, how is not known; restart=never'],
  ] as const;
  for (const [restart, code, ranMs, phase, reason] of cases) {
    const at = { ...AT, policy: { ...AT.policy, restart, startMs: 1000 } };
    const { model } = step(initialTarget, { type: 'ended', code, signal: null, ranMs }, at);
    assert.deepEqual([model.phase, model.reason, model.exitCode], [phase, reason, code]);
    assert.equal(model.generation, phase === 'starting' ? 2 : 1, 'a restart is counted as one');
  }
});

test('what was stopped for its health is a failure, however it ended', () => {
  const policy = { ...AT.policy, restart: 'on-failure' as const };
  const unhealthy = { type: 'unhealthy', reason: 'no answer from /health' } as const;
  const failing = step(walk(start as TargetEvent, spawned(7)), unhealthy, AT).model;
  const after = step(failing, exited(0), { ...AT, policy }).model;
  assert.deepEqual([after.phase, after.reason], ['starting', 'no answer from /health; restarted at once']);
  const stopped = step(step(failing, stop as TargetEvent, AT).model, exited(0), { ...AT, policy }).model;
  assert.deepEqual([stopped.phase, stopped.reason], ['stopped', 'stop by ops; exited with code 0']);
});

test('an operator begins with a clean history; a crash does not', () => {
  const crashed = walk(start as TargetEvent, spawned(7), exited(1), spawned(8), exited(1));
  assert.deepEqual([crashed.phase, crashed.history], ['backoff', { streak: 2, at: [NOW, NOW] }]);
  assert.deepEqual(step(crashed, start as TargetEvent, AT).model.history, { streak: 0, at: [] });
  const running = step(step(crashed, { type: 'backoff-over' }, AT).model, spawned(9), AT).model;
  assert.equal(running.history.streak, 2);
  assert.equal(step(running, restart as TargetEvent, AT).model.history.streak, 0);
});
