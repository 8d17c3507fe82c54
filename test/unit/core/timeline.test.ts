import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { KINDS, STATUSES } from '../../../src/core/facts.js';
import {
  addTimes,
  availabilityOf,
  type Change,
  type Course,
  failuresOf,
  noTimes,
  TIME_KINDS,
  type Times,
  timesOf,
} from '../../../src/core/timeline.js';

const WINDOW = { from: 1000, to: 2000 };
const leaf = (at: number, status: Change['status']): Change => ({ at, status, kind: 'leaf' });
const hop = (at: number, status: Change['status']): Change => ({ at, status, kind: 'relay' });
const course = (more: Partial<Course>): Course => ({
  own: [leaf(0, 'up')],
  above: [],
  maintenance: [],
  unobserved: [],
  ...more,
});

describe('the time of a node within a window from 1000 to 2000', () => {
  const CASES: [string, Partial<Course>, Partial<Times>][] = [
    ['up all the time', {}, { up: 1000 }],
    ['not known at all', { own: [] }, { unobserved: 1000 }],
    ['known only later', { own: [leaf(1400, 'up')] }, { unobserved: 400, up: 600 }],
    ['known only after it', { own: [leaf(2000, 'up')] }, { unobserved: 1000 }],
    [
      'down for a while',
      { own: [leaf(0, 'up'), leaf(1100, 'down'), leaf(1300, 'up')] },
      { up: 800, down: 200 },
    ],
    ['forgotten', { own: [leaf(0, 'up'), leaf(1600, null)] }, { up: 600, unobserved: 400 }],
    [
      'degraded is told apart',
      { own: [leaf(0, 'degraded'), leaf(1500, 'stopped')] },
      { degraded: 500, stopped: 500 },
    ],
    [
      'behind a hop that is gone',
      { above: [[hop(0, 'up'), hop(1200, 'down'), hop(1500, 'up')]] },
      { up: 700, unreachable: 300 },
    ],
    [
      'behind two hops of which one is gone',
      { above: [[hop(0, 'up')], [hop(0, 'stopped')]] },
      { unreachable: 1000 },
    ],
    ['behind a hop that nobody has heard of since', { above: [[hop(0, 'unknown')]] }, { unknown: 1000 }],
    [
      'behind what only stands in for a relay',
      { above: [[{ at: 0, status: 'unknown', kind: null }]] },
      { up: 1000 },
    ],
    [
      'what it was behind a hop comes out after it',
      {
        own: [leaf(0, 'up'), leaf(1300, 'down')],
        above: [[hop(0, 'up'), hop(1200, 'down'), hop(1500, 'up')]],
      },
      { up: 200, unreachable: 300, down: 500 },
    ],
    [
      'in maintenance whatever it is',
      {
        own: [leaf(0, 'down')],
        maintenance: [
          { from: 900, to: 1250 },
          { from: 1900, to: Number.POSITIVE_INFINITY },
        ],
      },
      { maintenance: 350, down: 650 },
    ],
    [
      'overlapping maintenance counts once',
      {
        maintenance: [
          { from: 1000, to: 1800 },
          { from: 1100, to: 1200 },
        ],
      },
      { maintenance: 800, up: 200 },
    ],
    [
      'not watched, in maintenance or not',
      { maintenance: [{ from: 0, to: 9000 }], unobserved: [{ from: Number.NEGATIVE_INFINITY, to: 1100 }] },
      { unobserved: 100, maintenance: 900 },
    ],
  ];
  for (const [name, more, expected] of CASES)
    test(name, () => assert.deepEqual(timesOf(course(more), WINDOW), { ...noTimes(), ...expected }));
});

const arbAt = fc.integer({ min: 0, max: 3000 });
const arbChanges = fc
  .array(
    fc.record({
      at: arbAt,
      status: fc.option(fc.constantFrom(...STATUSES.filter(each => each !== 'unreachable'))),
      kind: fc.option(fc.constantFrom(...KINDS)),
    }),
    { maxLength: 12 },
  )
  .map(changes => changes.sort((a, b) => a.at - b.at));
const arbSpans = fc.array(
  fc.tuple(arbAt, arbAt).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
  { maxLength: 6 },
);
const arbCourse: fc.Arbitrary<Course> = fc.record({
  own: arbChanges,
  above: fc.array(arbChanges, { maxLength: 3 }),
  maintenance: arbSpans,
  unobserved: arbSpans,
});
const arbWindow = fc.tuple(arbAt, arbAt).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));

test('whatever happened, the times add up to the window', () => {
  fc.assert(
    fc.property(arbCourse, arbWindow, (any, window) => {
      const times = timesOf(any, window);
      assert.equal(
        TIME_KINDS.reduce((sum, kind) => sum + times[kind], 0),
        window.to - window.from,
      );
    }),
  );
});

test('a window is the sum of its parts, wherever it is cut', () => {
  fc.assert(
    fc.property(arbCourse, arbWindow, arbAt, (any, { from, to }, at) => {
      const cut = Math.min(to, Math.max(from, at));
      const parts = addTimes(timesOf(any, { from, to: cut }), timesOf(any, { from: cut, to }));
      assert.deepEqual(parts, timesOf(any, { from, to }));
    }),
  );
});

test('each moment is what it is alone', () => {
  fc.assert(
    fc.property(arbCourse, arbAt, (any, at) => {
      const times = timesOf(any, { from: at, to: at + 1 });
      const has = (spans: readonly { from: number; to: number }[]) =>
        spans.some(span => span.from <= at && at < span.to);
      const own = any.own.findLast(change => change.at <= at);
      if (has(any.unobserved) || !own?.status) assert.equal(times.unobserved, 1);
      else if (has(any.maintenance)) assert.equal(times.maintenance, 1);
      else if (any.above.every(hops => (hops.findLast(change => change.at <= at)?.status ?? 'up') === 'up'))
        assert.equal(times[own.status], 1);
    }),
  );
});

test('availability is up, degraded included, of the time in which it was judged', () => {
  assert.equal(availabilityOf({ ...noTimes(), up: 60, degraded: 30, down: 10, unreachable: 900 }), 0.9);
  assert.equal(availabilityOf({ ...noTimes(), unreachable: 900, maintenance: 3 }), null);
});

describe('failures', () => {
  const CASES: [string, Change[], number, number[]][] = [
    ['none', [leaf(0, 'up')], 0, []],
    ['one, repaired', [leaf(0, 'up'), leaf(1100, 'down'), leaf(1400, 'up')], 1, [300]],
    [
      'one that is started again and fails again is the same',
      [
        leaf(1100, 'down'),
        leaf(1200, 'degraded'),
        leaf(1300, 'down'),
        leaf(1400, 'degraded'),
        leaf(1500, 'up'),
      ],
      1,
      [400],
    ],
    ['one that began before', [leaf(500, 'down'), leaf(1500, 'up')], 0, [1000]],
    ['one that lasts', [leaf(1500, 'down')], 1, []],
    ['one that was stopped is not repaired', [leaf(1100, 'down'), leaf(1200, 'stopped')], 1, []],
    [
      'one that was lost from sight meanwhile',
      [leaf(1100, 'down'), leaf(1200, 'unknown'), leaf(1500, 'up')],
      1,
      [400],
    ],
    [
      'what stands in for a relay is heard again',
      [
        { at: 1100, status: 'down', kind: null },
        { at: 1200, status: 'unknown', kind: null },
      ],
      1,
      [100],
    ],
    ['two', [leaf(1100, 'down'), leaf(1200, 'up'), leaf(1300, 'down'), leaf(1500, 'up')], 2, [100, 200]],
    ['one after the window', [leaf(2000, 'down')], 0, []],
  ];
  for (const [name, own, failures, repairs] of CASES)
    test(name, () => assert.deepEqual(failuresOf(own, WINDOW), { failures, repairs }));
});
