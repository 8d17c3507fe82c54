import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Status } from '../../../src/core/facts.js';
import {
  type Flap,
  type HardStatus,
  hardStatus,
  sampled,
  shareOfChanges,
} from '../../../src/core/flapping.js';
import { isWrong, skewMs, withBeat } from '../../../src/core/skew.js';

const RULE = { high: 50, low: 25, intervalMs: 1000 };
const HARD = ['up', 'degraded', 'down', 'stopped'] as const;

/** One sample a second. */
const run = (states: readonly (HardStatus | null)[], from: Flap | null = null): Flap | null =>
  states.reduce<Flap | null>(
    (flap, status, second) => sampled(flap, status, 1e6 + second * 1000, RULE),
    from,
  );
const times = <T>(count: number, ...some: T[]): T[] => Array.from({ length: count }, () => some).flat();

describe('the share of changes', () => {
  test('Nagios: the newest weighs 1.2, the oldest 0.8, all of them are 100 %', () => {
    assert.equal(Math.round(shareOfChanges(1) * 1e6), 6e6);
    assert.equal(Math.round(shareOfChanges(1 << 19) * 1e6), 4e6);
    assert.equal(Math.round(shareOfChanges(2 ** 20 - 1) * 1e6), 100e6);
    assert.equal(shareOfChanges(0), 0);
  });

  test('the rule by hand, as a plain list', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...HARD), { minLength: 1, maxLength: 60 }), states => {
        const padded = [...times(21, states[0] as HardStatus), ...states].slice(-21);
        const changes = padded
          .slice(1)
          .map((state, at) => (state === padded[at] ? 0 : 0.8 + (0.4 * at) / 19));
        const expected = (changes.reduce((sum, each) => sum + each, 0) / 20) * 100;
        assert.ok(Math.abs(shareOfChanges(run(states)?.changes ?? 0) - expected) < 1e-9);
      }),
    );
  });
});

describe('flapping', () => {
  test('begins at half, ends below a quarter, and not in between', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...HARD), { minLength: 2, maxLength: 200 }), states => {
        let flap: Flap | null = null;
        states.forEach((status, second) => {
          const before = flap?.on ?? false;
          flap = sampled(flap, status, second * 1000, RULE) as Flap;
          const share = shareOfChanges(flap.changes);
          assert.equal(flap.on, share >= 50 || (before && share >= 25), `${share} from ${before}`);
        });
      }),
    );
  });

  test('a node that goes up and down is flapping, one that went down once or twice is not', () => {
    assert.equal(run(times(12, 'up', 'down'))?.on, true);
    assert.equal(
      run([...times(20, 'up' as const), 'down', 'up', 'down', ...times(3, 'up' as const)])?.on,
      false,
    );
  });

  test('steady again, it ends', () => {
    const on = run(times(12, 'up', 'down'));
    assert.equal(run(times(3, 'up'), on)?.on, true);
    assert.equal(run(times(16, 'up'), on)?.on, false);
  });

  test('what tells nothing is no sample, and a state that lasts is one in so many seconds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...HARD), { maxLength: 40 }),
        fc.infiniteStream(fc.boolean()),
        (states, gaps) => {
          const withGaps = states.flatMap(status => (gaps.next().value ? [status, null] : [status]));
          let [plain, gapped]: [Flap | null, Flap | null] = [null, null];
          for (const status of states) plain = sampled(plain, status, 0, RULE);
          for (const status of withGaps) gapped = sampled(gapped, status, 0, RULE);
          assert.deepEqual(gapped, plain);
        },
      ),
    );
    const first = sampled(null, 'up', 0, RULE);
    assert.equal(sampled(first, 'up', 999, RULE), first);
    assert.notEqual(sampled(first, 'up', 1000, RULE), first);
    assert.equal(sampled(first, 'down', 1, RULE)?.changes, 1);
  });
});

test('what counts of a status', () => {
  const on = { link: 'online', phase: 'running', desired: 'running' } as const;
  const table: [Parameters<typeof hardStatus>[0], Status, HardStatus | null][] = [
    [on, 'up', 'up'],
    [on, 'degraded', 'degraded'],
    [on, 'down', 'down'],
    [on, 'unknown', null],
    [on, 'unreachable', null],
    [{ ...on, phase: 'starting' }, 'degraded', null],
    [{ ...on, phase: 'stopping' }, 'degraded', null],
    [{ ...on, phase: 'backoff' }, 'down', 'down'],
    [{ ...on, phase: 'exited' }, 'stopped', 'stopped'],
    [{ ...on, phase: 'stopped', desired: 'stopped' }, 'stopped', null],
    [{ ...on, link: 'lost' }, 'down', 'down'],
    [{ ...on, link: 'lost' }, 'unreachable', null],
    [{ ...on, link: 'offline' }, 'stopped', null],
    [{ ...on, link: 'offline' }, 'degraded', null],
  ];
  for (const [record, status, expected] of table)
    assert.equal(hardStatus(record, status), expected, JSON.stringify([record, status]));
});

describe('a clock that is wrong', () => {
  test('the way up only makes a heartbeat older: the largest difference of the last ones is nearest', () => {
    const real = fc.integer({ min: -4e6, max: 4e6 });
    fc.assert(
      fc.property(real, fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 8 }), (ahead, ways) => {
        const skew = ways.reduce<readonly number[] | null>(
          (s, way, k) => withBeat(s, k * 3000 + ahead, k * 3000 + way),
          null,
        );
        assert.equal(skewMs(skew), ahead - Math.min(...ways.slice(-8)));
      }),
    );
    assert.equal(skewMs(null), null);
  });

  test('a step is seen at once forward, after eight heartbeats back', () => {
    let skew = withBeat(null, 3_600_000, 0);
    for (let k = 0; k < 7; k++) skew = withBeat(skew, 0, 0);
    assert.equal(skewMs(skew), 3_600_000);
    assert.equal(skewMs(withBeat(skew, 0, 0)), 0);
    assert.equal(skewMs(withBeat(skew, 7_200_000, 0)), 7_200_000);
  });

  test('wrong above the bound, in both directions, until well below it', () => {
    for (const sign of [1, -1])
      for (const [ms, was, expected] of [
        [5000, false, false],
        [5001, false, true],
        [4001, true, true],
        [4000, true, false],
      ] as const)
        assert.equal(isWrong([sign * ms], 5000, was), expected, `${ms} ${was}`);
    assert.equal(isWrong(null, 5000, true), false);
  });
});
