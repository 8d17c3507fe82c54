import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Buckets } from '../../../src/core/buckets.js';

test('so many at once, then as they come back, each key for itself', () => {
  let now = 0;
  const buckets = new Buckets({ burst: 3, perSecond: 2 }, () => now);
  assert.deepEqual([buckets.take('a'), buckets.take('a'), buckets.take('a')], [null, null, null]);
  assert.equal(buckets.take('a'), 0.5);
  assert.equal(buckets.take('b'), null);
  now = 250;
  assert.equal(buckets.take('a'), 0.25);
  now = 500;
  assert.equal(buckets.take('a'), null);
  now = 60_000;
  assert.deepEqual([buckets.take('a'), buckets.take('a'), buckets.take('a')], [null, null, null]);
  assert.notEqual(buckets.take('a'), null);
});

test('a million keys are not kept', () => {
  const buckets = new Buckets({ burst: 1, perSecond: 1 }, () => 0, 100);
  for (let key = 0; key < 10_000; key += 1) buckets.take(String(key));
  assert.equal(buckets.size, 100);
  assert.notEqual(buckets.take('9999'), null);
});
