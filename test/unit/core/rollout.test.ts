import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LeafStatus, rolloutOf, summarize } from '../../../src/core/rollout.js';

test('takes its own arguments out and leaves the rest', () => {
  const { rollout, rest } = rolloutOf({ maxUnavailable: 1, dryRun: true, timeout: 2.5, signal: 'HUP' });
  assert.deepEqual(rest, { signal: 'HUP' });
  assert.deepEqual(rollout, {
    parallelism: null,
    maxUnavailable: 1,
    stopOnFailure: false,
    dryRun: true,
    timeoutMs: 2500,
  });
});

test('says what it expected and what it found', () => {
  const table: [Record<string, unknown>, RegExp][] = [
    [{ parallelism: 0 }, /parallelism: expected a whole number from 1 to 1000000, found 0/],
    [{ maxUnavailable: '1' }, /maxUnavailable: expected a whole number from 1 to 1000000, found "1"/],
    [{ maxUnavailable: 1.5 }, /found 1.5/],
    [{ stopOnFailure: 'yes' }, /stopOnFailure: expected true or false, found "yes"/],
    [{ dryRun: 1 }, /dryRun: expected true or false, found 1/],
    [{ timeout: 0 }, /timeout: expected seconds above 0/],
    [{ timeout: -1 }, /found -1/],
  ];
  for (const [args, message] of table)
    assert.throws(() => rolloutOf(args), { code: 'bad-argument', message });
});

test('the counts add up, and success is only where all succeeded', () => {
  const statuses: LeafStatus[] = ['succeeded', 'failed', 'unreachable', 'timedOut', 'skipped'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...statuses), { minLength: 1 }), found => {
      const { status, data } = summarize(found.map((one, at) => ({ path: `leaf${at}`, status: one })));
      const of = (one: LeafStatus): number => found.filter(each => each === one).length;
      assert.equal(data.expected, found.length);
      for (const one of ['succeeded', 'failed', 'unreachable', 'timedOut'] as const)
        assert.equal(data[one], of(one));
      const { failed, unreachable, timedOut, skipped = 0 } = data as Record<string, number>;
      const succeeded = of('succeeded');
      assert.equal(
        succeeded + Number(failed) + Number(unreachable) + Number(timedOut) + skipped,
        found.length,
      );
      assert.equal(status, succeeded === found.length ? 'succeeded' : succeeded > 0 ? 'partial' : 'failed');
    }),
  );
});

test('a dry run says what the run would come to', () => {
  const of = (...statuses: LeafStatus[]) =>
    summarize(
      statuses.map((status, at) => ({ path: `leaf${at}`, status })),
      true,
    ).status;
  assert.equal(of('planned', 'planned'), 'succeeded');
  assert.equal(of('planned', 'unreachable'), 'partial');
  assert.equal(of('unreachable'), 'failed');
});
