import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Buckets, type Rate, refilled, waitFor } from '../../../src/core/buckets.js';

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

const RATE: Rate = { burst: 4, perSecond: 0.5 };

test('a bucket fills with time, and never beyond its burst', () => {
  const table: [left: number, passedMs: number, after: number, wait: number][] = [
    [4, 0, 4, 0],
    [4, 60_000, 4, 0],
    [0, 0, 0, 2],
    [0, 1000, 0.5, 1],
    [0, 2000, 1, 0],
    [0.5, 500, 0.75, 0.5],
    [3, 1000, 3.5, 0],
    [3, 3_600_000, 4, 0],
    [2, -5000, 2, 0],
    [-2, 0, -2, 6],
  ];
  for (const [left, passed, after, wait] of table) {
    const bucket = refilled({ left, at: 10_000 }, 10_000 + passed, RATE);
    assert.deepEqual([bucket.left, waitFor(bucket, RATE)], [after, wait], `${left} after ${passed} ms`);
  }
});

test('so many are spent in a row, then one by one as time passes', () => {
  let now = 0;
  const buckets = new Buckets(RATE, () => now);
  for (let n = 0; n < 4; n++) {
    assert.equal(buckets.wait('a'), 0);
    buckets.spend('a');
  }
  assert.deepEqual([buckets.wait('a'), buckets.wait('b')], [2, 0]);
  now += 2000;
  assert.equal(buckets.wait('a'), 0);
  buckets.spend('a');
  assert.equal(buckets.wait('a'), 2);
});

test('no more are kept than allowed: the one that failed longest ago goes', () => {
  const buckets = new Buckets(RATE, () => 0, 3);
  for (let n = 0; n < 4; n++) buckets.spend('worst');
  for (const key of ['b', 'c']) buckets.spend(key);
  assert.equal(buckets.wait('worst'), 2);
  buckets.spend('d');
  assert.deepEqual([buckets.size, buckets.wait('worst')], [3, 0]);
});
