import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Runs } from '../../../src/cli/log-runs.js';

type Run = Parameters<Runs['look']>[0][number];

const node = (pid: number | null, more: Partial<Run> = {}): Run => ({
  path: 'web',
  phase: 'running',
  pid,
  exitCode: null,
  signal: null,
  ...more,
});

test('what a target did between two looks is told once', () => {
  const told: string[] = [];
  const runs = new Runs(words => told.push(words));
  const rows: [look: Run, says: string | null][] = [
    [node(1), null],
    [node(1), null],
    [node(null, { phase: 'exited', exitCode: 3 }), 'web: its target exited with code 3'],
    [node(null, { phase: 'exited', exitCode: 3 }), null],
    [node(2), 'web: its target runs, pid 2'],
    [node(3), 'web: its target has ended and runs anew, pid 3'],
    [node(null, { phase: 'backoff', signal: 'SIGKILL' }), 'web: its target was ended by SIGKILL'],
    [node(4), 'web: its target runs, pid 4'],
    [node(null, { phase: 'stopped', signal: 'SIGTERM' }), 'web: its target was stopped'],
  ];
  for (const [look, says] of rows) {
    runs.look([look]);
    assert.deepEqual(told.splice(0), says === null ? [] : [says]);
  }
});
