import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { initialTarget, step, type TargetEvent, type TargetModel } from '../../../src/core/phases.js';
import { EVENTS, MODELS, NOW, POLICY, shown } from './phase-support.js';

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
  'backoff-over': '-',
  'grace-over': '-',
};
const STOP = 'stopping: signal-stop timer(grace-over 5000)';

/** Every cell: the next phase and the effects in order; `-` where nothing at all changes. */
const TABLE: { readonly [R in Row]: { readonly [C in Column]: string } } = {
  stopped: { ...IDLE, stop: '-' },
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
    'backoff-over': '-',
    'grace-over': '-',
  },
  running: {
    start: '-',
    stop: STOP,
    restart: `${STOP} again`,
    spawned: '-',
    'spawn-failed': '-',
    exited: SPAWN,
    'backoff-over': '-',
    'grace-over': '-',
  },
  // The third and later end in a row: the free restart is used up.
  'running, second in a row': {
    start: '-',
    stop: STOP,
    restart: `${STOP} again`,
    spawned: '-',
    'spawn-failed': '-',
    exited: 'backoff: timer(backoff-over 1000)',
    'backoff-over': '-',
    'grace-over': '-',
  },
  stopping: {
    start: 'stopping: again',
    stop: 'stopping:',
    restart: 'stopping: again',
    spawned: STOP,
    'spawn-failed': 'stopped: cancel-timer',
    exited: 'stopped: cancel-timer',
    'backoff-over': '-',
    'grace-over': 'stopping: kill',
  },
  'stopping, still being spawned': {
    start: 'stopping: again',
    stop: 'stopping:',
    restart: 'stopping: again',
    spawned: STOP,
    'spawn-failed': 'stopped: cancel-timer',
    exited: 'stopped: cancel-timer',
    'backoff-over': '-',
    'grace-over': 'stopping: kill',
  },
  'stopping to start again': {
    start: 'stopping: again',
    stop: 'stopping:',
    restart: 'stopping: again',
    spawned: `${STOP} again`,
    'spawn-failed': SPAWN,
    exited: SPAWN,
    'backoff-over': '-',
    'grace-over': 'stopping: kill again',
  },
};

describe('phase x event', () => {
  for (const row of Object.keys(TABLE) as Row[]) {
    test(row, () => {
      for (const event of EVENTS)
        assert.equal(
          shown(MODELS[row], step(MODELS[row], event, NOW, POLICY)),
          TABLE[row][event.type],
          event.type,
        );
    });
  }
});

/** What a walk through the table leaves behind. */
const walk = (...events: TargetEvent[]): TargetModel =>
  events.reduce((model, event) => step(model, event, NOW, POLICY).model, initialTarget);
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
  const again = step(ended, spawned(8), NOW, POLICY).model;
  assert.deepEqual([again.exitCode, again.signal, again.pid, again.phase], [null, null, 8, 'running']);
});
