import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginning, startsOne } from '../../../src/leaf/beginning.js';
import type { Stage } from '../../../src/node/memory.js';
import { POLICY } from './support.js';

const told = { code: 0, signal: null, ranMs: 60_000 };
const ended = { ...told, fate: null };
const stage = (op: string, status: Stage['status']): Stage => ({ id: op, op, status, done: false });

test('an end that nobody saw is decided on; where there was none, the target is started', () => {
  assert.deepEqual(beginning(null, []), { type: 'start', by: 'canopy' });
  assert.deepEqual(beginning(ended, []), { type: 'ended', ...told });
});

test('a start or restart that was under way means one more run, whatever ended', () => {
  const types = [
    stage('start', 'running'),
    stage('restart', 'running'),
    stage('start', 'accepted'),
    stage('stop', 'running'),
    stage('signal', 'running'),
  ].map(begun => beginning(ended, [begun]).type);
  assert.deepEqual(types, ['start', 'start', 'ended', 'ended', 'ended']);
});

test('only what starts one has to wait for others', () => {
  const event = beginning(ended, []);
  const starts = (restart: 'always' | 'on-failure' | 'never') => startsOne(event, { ...POLICY, restart });
  assert.deepEqual([starts('always'), starts('on-failure'), starts('never')], [true, false, false]);
  assert.ok(startsOne(beginning(null, []), { ...POLICY, restart: 'never' }));
});
