import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey, Buckets, type Rate, refilled, waitFor } from '../../../src/identity/failures.js';
import { Gate } from '../../../src/identity/gate.js';
import { HandClock } from './support.js';

const RATE: Rate = { burst: 4, perSecond: 0.5 };

test('a bucket fills with time, and never beyond its burst', () => {
  const table: [left: number, passedMs: number, after: number, wait: number][] = [
    [4, 0, 4, 0],
    [4, 60_000, 4, 0],
    [0, 0, 0, 2],
    [0, 1000, 0.5, 1],
    [0, 2000, 1, 0],
    [0.5, 500, 0.75, 1],
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

test('so many in a row, then one by one as time passes', () => {
  const clock = new HandClock();
  const buckets = new Buckets(RATE, clock);
  for (let n = 0; n < 4; n++) {
    assert.equal(buckets.wait('a'), 0);
    buckets.take('a');
  }
  assert.deepEqual([buckets.wait('a'), buckets.wait('b')], [2, 0]);
  clock.pass(2000);
  assert.equal(buckets.wait('a'), 0);
  buckets.take('a');
  assert.equal(buckets.wait('a'), 2);
});

test('no more are kept than allowed: the one that failed longest ago goes', () => {
  const buckets = new Buckets(RATE, new HandClock(), 3);
  for (let n = 0; n < 4; n++) buckets.take('worst');
  for (const key of ['b', 'c']) buckets.take(key);
  assert.equal(buckets.wait('worst'), 2);
  buckets.take('d');
  assert.deepEqual([buckets.size, buckets.wait('worst')], [3, 0]);
});

test('an address is one of IPv4 or a /64 of IPv6', () => {
  const table: [string, string][] = [
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::FFFF:10.1.2.3', '10.1.2.3'],
    ['::1', '0:0:0:0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::9', '2001:db8:1:2'],
    ['2001:0db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['', ''],
  ];
  for (const [address, key] of table) assert.equal(addressKey(address), key, address);
});

test('so many work at a time, so many wait, the rest is told at once', async () => {
  const gate = new Gate(2, 3);
  const ends: (() => void)[] = [];
  let most = 0;
  let working = 0;
  const work = async (): Promise<string> => {
    most = Math.max(most, ++working);
    await new Promise<void>(resolve => ends.push(resolve));
    working -= 1;
    return 'done';
  };
  const all = Array.from({ length: 7 }, () => gate.run(work));
  assert.deepEqual(await Promise.all(all.slice(5)), [null, null]);
  for (let n = 0; n < 5; n++) {
    while (ends.length === 0) await new Promise(setImmediate);
    ends.shift()?.();
  }
  assert.deepEqual(await Promise.all(all.slice(0, 5)), Array(5).fill('done'));
  assert.equal(most, 2);
  const failed = gate.run(() => Promise.reject(new Error('x')));
  await assert.rejects(failed, /x/);
  assert.equal(await gate.run(async () => 7), 7, 'a failure does not keep its place');
});
