import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Leases, leaseMs } from '../../../src/core/leases.js';

const PERIOD = 1000;
const TIMEOUT = 10_000;

/** Sweeps every second, as an observer does that is awake. */
function sweep(leases: Leases, from: number, to: number): Record<string, number> {
  const gone: Record<string, number> = {};
  for (let now = from; now <= to; now += PERIOD)
    for (const name of leases.expired(now, PERIOD)) gone[name] = now;
  return gone;
}

test('a lease runs out at the timeout, once, and not before', () => {
  const leases = new Leases();
  leases.renew('web', 0, TIMEOUT);
  assert.deepEqual(sweep(leases, 1, 9001), {});
  assert.deepEqual(leases.expired(9999, PERIOD), []);
  assert.deepEqual(leases.expired(10_000, PERIOD), ['web']);
  assert.deepEqual(sweep(leases, 10_500, 40_500), {});
});

test('a renewal begins it anew; a dropped one never runs out', () => {
  const leases = new Leases();
  for (const name of ['renewed', 'dropped', 'silent']) leases.renew(name, 0, TIMEOUT);
  leases.renew('renewed', 5000, TIMEOUT);
  leases.drop('dropped');
  assert.deepEqual(sweep(leases, 0, 30_000), { silent: 10_000, renewed: 15_000 });
});

test('an observer that slept blames no child for it', () => {
  const leases = new Leases();
  leases.renew('web', 0, TIMEOUT);
  assert.deepEqual(sweep(leases, 0, 4000), {});
  // Stopped for an hour: the next sweep comes that much late. The child has what was left of its lease.
  const woke = 3_600_000;
  assert.deepEqual(leases.expired(woke, PERIOD), []);
  assert.deepEqual(sweep(leases, woke + PERIOD, woke + 30_000), { web: woke + 5000 });
});

test('the credit is no more than a renewal: a child heard right after the sleep has one timeout', () => {
  const leases = new Leases();
  leases.renew('web', 0, TIMEOUT);
  sweep(leases, 0, 4000);
  // What waited in the sockets is read before the timer of the sweep runs.
  const woke = 3_600_000;
  leases.renew('web', woke, TIMEOUT);
  assert.deepEqual(leases.expired(woke, PERIOD), []);
  assert.deepEqual(sweep(leases, woke + PERIOD, woke + 30_000), { web: woke + TIMEOUT });
});

test('a sweep that is a little late gives no credit', () => {
  const leases = new Leases();
  leases.renew('web', 0, TIMEOUT);
  sweep(leases, 0, 7000);
  assert.deepEqual(leases.expired(10_000, PERIOD), ['web']);
});

test('an end is seen by the time that it is near, whatever was renewed, dropped or put off before', () => {
  const leases = new Leases();
  const near = (now: number) => leases.isEndBy(now + PERIOD);
  assert.equal(near(0), false);
  leases.renew('early', 0, TIMEOUT);
  leases.renew('late', 5000, TIMEOUT);
  assert.deepEqual([near(8999), near(9000)], [false, true]);
  leases.renew('early', 9000, TIMEOUT);
  assert.deepEqual([near(9000), near(13_999), near(14_000)], [false, false, true]);
  leases.renew('quick', 14_000, 500);
  assert.deepEqual(leases.expired(14_500, PERIOD), ['quick']);
  leases.drop('late');
  assert.deepEqual([near(17_999), near(18_000)], [false, true]);
  assert.deepEqual(sweep(leases, 15_000, 30_000), { early: 19_000 });
  assert.equal(near(30_000), false);
});

test('a child that beats slower than the timeout is not declared lost for it', () => {
  const cases: [timeoutMs: number, intervalMs: number, lease: number][] = [
    [10_000, 0, 10_000], // no heartbeat yet
    [10_000, 3000, 10_000],
    [10_000, 9999, 10_000],
    [10_000, 10_000, 30_000],
    [10_000, 60_000, 180_000],
  ];
  for (const [timeout, interval, lease] of cases) assert.equal(leaseMs(timeout, interval), lease);
});
