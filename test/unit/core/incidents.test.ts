import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '../../../src/core/facts.js';
import { type Incident, incidentAfter } from '../../../src/core/incidents.js';
import type { Transition } from '../../../src/core/transition.js';

const told = (at: number, to: Status | null, more: Partial<Transition> = {}): Transition => ({
  path: 'rack1',
  kind: 'relay',
  app: null,
  labels: {},
  epoch: 1,
  at,
  from: 'up',
  to,
  cause: to === 'down' ? 'timeout' : null,
  reason: to === 'down' ? 'silent' : null,
  hidden: 100,
  maintenance: false,
  flapping: false,
  ...more,
});
const opened = incidentAfter(undefined, told(5, 'down')) as Incident;

test('one opens when a node becomes down by itself, and is called the same wherever it is worked out', () => {
  assert.deepEqual(opened, {
    id: 'rack1@5',
    path: 'rack1',
    kind: 'relay',
    app: null,
    openedAt: 5,
    closedAt: null,
    cause: 'timeout',
    reason: 'silent',
    hidden: 100,
    end: null,
  });
  assert.equal(incidentAfter(undefined, told(5, 'down', { path: '' }))?.id, '.@5');
});

test('nothing else opens one', () => {
  for (const to of ['up', 'degraded', 'unreachable', 'stopped', 'unknown', null] as const)
    assert.equal(incidentAfter(undefined, told(5, to)), null, String(to));
});

test('it is over when the node is up, or meant not to be; not while it is tried, or out of sight', () => {
  const CASES: [Status | null, Incident['end']][] = [
    ['up', 'up'],
    ['stopped', 'stopped'],
    [null, 'forgotten'],
    ['degraded', null],
    ['down', null],
    ['unknown', null],
  ];
  for (const [to, end] of CASES) {
    const after = incidentAfter(opened, told(9, to));
    assert.deepEqual(
      after && [after.id, after.closedAt, after.end, after.hidden],
      end && [opened.id, 9, end, 100],
      String(to),
    );
  }
});

test('what only stands in for a relay is over when it is heard again', () => {
  assert.equal(incidentAfter(opened, told(9, 'unknown', { kind: null }))?.end, 'up');
});
