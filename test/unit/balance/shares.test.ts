import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Strategy } from '../../../src/balance/choose.js';
import { isChange, sharesOf } from '../../../src/balance/shares.js';
import type { Unit } from '../../../src/balance/units.js';
import { arbRandom, arbStrategy } from './support.js';

const unit = (path: string, more: Partial<Unit> = {}): Unit => ({
  path,
  kind: 'relay',
  slots: 10,
  running: 0,
  held: 0,
  ailing: 0,
  free: 0,
  startLoad: 0.5,
  stopLoad: 0.5,
  step: 0.05,
  ...more,
});
const counts = (units: Unit[], wanted: number, strategy: Strategy = 'least-loaded') => {
  const { shares, missing, surplus } = sharesOf(units, wanted, strategy, () => 0);
  return [shares.map(({ count }) => count), missing, surplus];
};

test('by example', () => {
  const idle = unit('a', { free: 3, startLoad: 0.1 });
  const busy = unit('b', { running: 2, free: 3, startLoad: 0.8, stopLoad: 0.9 });
  const table: [Unit[], number, Strategy, [number[], number, number]][] = [
    [[idle, busy], 4, 'least-loaded', [[2, 2], 0, 0]],
    [[idle, busy], 4, 'pack', [[0, 4], 0, 0]],
    [[idle, busy], 4, 'spread', [[2, 2], 0, 0]],
    [[idle, busy], 9, 'least-loaded', [[3, 5], 1, 0]],
    [[idle, busy], 1, 'least-loaded', [[0, 1], 0, 0]],
    [
      [unit('a', { running: 2, stopLoad: 0.2 }), unit('b', { running: 2, stopLoad: 0.9 })],
      3,
      'least-loaded',
      [[2, 1], 0, 0],
    ],
    [[unit('a', { running: 3 }), unit('b', { running: 1 })], 2, 'spread', [[1, 1], 0, 0]],
    [[unit('a', { running: 3 }), unit('b', { running: 1 })], 3, 'pack', [[3, 0], 0, 0]],
    // Held ones are counted, and left alone.
    [[unit('a', { running: 2, held: 2 }), unit('b', { running: 1 })], 0, 'least-loaded', [[2, 0], 0, 2]],
    // A failing one is kept for want of another, and is one too many otherwise.
    [[unit('a', { ailing: 1 }), unit('b', { running: 1 })], 2, 'least-loaded', [[1, 1], 1, 0]],
    [[unit('a', { ailing: 1 }), unit('b', { running: 1, free: 1 })], 2, 'least-loaded', [[0, 2], 0, 0]],
    [[unit('a', { ailing: 1 }), unit('b', { running: 2 })], 2, 'least-loaded', [[0, 2], 0, 0]],
  ];
  for (const [units, wanted, strategy, expected] of table)
    assert.deepEqual(counts(units, wanted, strategy), expected, `${wanted} ${strategy}`);
});

test('what is as it should be is no change', () => {
  const is = (units: Unit[], wanted: number): boolean[] =>
    sharesOf(units, wanted, 'spread', () => 0).shares.map(isChange);
  assert.deepEqual(is([unit('a', { running: 1 }), unit('b', { running: 1, free: 1 })], 2), [false, false]);
  assert.deepEqual(is([unit('a', { running: 1 }), unit('b', { running: 1, free: 1 })], 3), [false, true]);
  assert.deepEqual(is([unit('a', { running: 1 }), unit('b', { running: 1 })], 1), [true, false]);
  assert.deepEqual(is([unit('a', { ailing: 1 })], 1), [false], 'kept for want of another');
  assert.deepEqual(is([unit('a', { ailing: 1 })], 0), [true]);
});

const arbUnit = fc
  .record({
    movable: fc.nat(4),
    held: fc.nat(3),
    ailing: fc.nat(2),
    free: fc.nat(4),
    startLoad: fc.double({ min: 0, max: 1, noNaN: true }),
    stopLoad: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ movable, held, ...more }) => ({ ...more, held, running: movable + held }));
const arbUnits = fc
  .array(arbUnit, { maxLength: 8 })
  .map(list => list.map((each, index) => unit(`u${index}`, each)));

test('shares add up, start nothing where nothing is free, and stop nothing that is held', () => {
  fc.assert(
    fc.property(arbUnits, fc.nat(30), arbStrategy, arbRandom, (units, wanted, strategy, random) => {
      const { shares, missing, surplus } = sharesOf(units, wanted, strategy as Strategy, random);
      const sum = (of: (unit: Unit) => number): number => units.reduce((all, each) => all + of(each), 0);
      const added = shares.reduce((all, each) => all + each.added, 0);
      const [running, free, held] = [sum(it => it.running), sum(it => it.free), sum(it => it.held)];
      const kept = shares.reduce(
        (all, { count, unit, added: more }) => all + Math.max(0, count - unit.running - more),
        0,
      );
      assert.equal(shares.reduce((all, each) => all + each.count, 0) - kept + missing - surplus, wanted);
      assert.equal(missing, Math.max(0, wanted - running - free));
      assert.equal(surplus, Math.max(0, held - wanted));
      assert.ok(added === 0 || wanted > running);
      for (const { unit: of, count, added: more } of shares)
        assert.ok(more <= of.free && count >= of.held && count <= of.running + of.free + of.ailing, of.path);
    }),
  );
});
