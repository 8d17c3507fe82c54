import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitAfter } from '../../../src/alerts/backoff.js';
import { Outbox, type OutboxOptions } from '../../../src/alerts/outbox.js';
import type { Sent } from '../../../src/alerts/send.js';
import type { AlertReceiver, Notice } from '../../../src/core/alert.js';
import { until } from '../../support/wait.js';
import { TestClock } from '../node/support.js';
import { rule, World } from './support.js';

const receiver = (name: string): AlertReceiver => ({
  name,
  kind: 'mqtt',
  topic: name,
  qos: 1,
  retain: false,
});
const silent = { warn: () => {}, info: () => {} };

/** So many messages for one receiver. */
function notices(to: string, count: number): Notice[] {
  const world = World.of(rule({ forMs: 0, to: [to], remindMs: 1000 }));
  world.set('edge', { own: 'down' });
  world.pass(count);
  return world.notices.slice(0, count);
}

const DELIVERED: Sent = { is: 'delivered', found: '' };
function open(send: OutboxOptions['send'], more: Partial<OutboxOptions> = {}) {
  const clock = new TestClock();
  const outbox = new Outbox({
    clock,
    expireMs: 1e15,
    most: 100,
    send,
    changed: () => {},
    log: silent,
    random: () => 1,
    ...more,
  });
  outbox.use([receiver('a'), receiver('b')]);
  return { outbox, clock };
}

test('waits longer each time, up to five minutes, and never all at once', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 9, 10, 1000].map(failures => waitAfter(failures, () => 0)),
    [1000, 2000, 4000, 8000, 256_000, 300_000, 300_000],
  );
  assert.equal(
    waitAfter(3, () => 1),
    2000,
  );
});

test('what a message makes somebody stumble over is given up, and holds up no other', async () => {
  const taken: string[] = [];
  const { outbox } = open(async (_, notice) => {
    if (notice.kind === 'firing') throw new TypeError('a text that no environment takes');
    taken.push(notice.kind);
    return DELIVERED;
  });
  for (const notice of notices('a', 2)) outbox.add(notice);
  outbox.go();
  await until(() => taken.length === 1);
  assert.deepEqual([...outbox.counts].sort(), [
    ['a delivered', 1],
    ['a refused', 1],
  ]);
});

test('each receiver in order, and one that never answers holds up no other', async () => {
  const taken: string[] = [];
  const { outbox } = open((to, notice) => {
    if (to.name === 'a') return new Promise(() => {});
    taken.push(notice.key);
    return Promise.resolve(DELIVERED);
  });
  const [forA, forB] = [notices('a', 3), notices('b', 5)];
  for (const notice of [...forA, ...forB]) outbox.add(notice);
  outbox.go();
  await until(() => taken.length === 5);
  assert.deepEqual(
    taken,
    forB.map(({ key }) => key),
  );
  assert.deepEqual(outbox.waiting(), [
    ['a', 3],
    ['b', 0],
  ]);
  assert.deepEqual(outbox.all(), forA);
  outbox.stop();
});

test('one that fails is tried again before what comes after it', async () => {
  const tried: string[] = [];
  const { outbox } = open(async (_to, { key }) => {
    tried.push(key);
    return tried.length < 2 ? { is: 'later', found: 'answered 500' } : DELIVERED;
  });
  const [first, second] = notices('a', 2) as [Notice, Notice];
  outbox.add(first);
  outbox.add(second);
  outbox.add(first);
  outbox.go();
  await until(() => outbox.counts.get('a failed') === 1);
  await new Promise(resolve => setImmediate(resolve));
  outbox.go();
  assert.equal(tried.length, 1, 'not before its time');
  await until(() => tried.length === 3);
  assert.deepEqual(tried, [first.key, first.key, second.key]);
  await until(() => outbox.all().length === 0);
  assert.equal(outbox.counts.get('a delivered'), 2);
  assert.equal(outbox.counts.get('a failed'), 1);
});

test('what is hopeless, has expired or is too much is given up, and counted', async () => {
  const { outbox } = open(async () => ({ is: 'never', found: 'answered 400' }), { most: 2 });
  for (const notice of notices('a', 4)) outbox.add(notice);
  assert.equal(outbox.all().length, 2);
  assert.equal(outbox.counts.get('a dropped'), 2);
  outbox.go();
  await until(() => outbox.all().length === 0);
  assert.equal(outbox.counts.get('a refused'), 2);
  const late = open(() => assert.fail('it is not tried'), { expireMs: 0 });
  for (const notice of notices('a', 1)) late.outbox.add({ ...notice, at: late.clock.now() });
  late.outbox.go();
  assert.deepEqual([late.outbox.all().length, late.outbox.counts.get('a expired')], [0, 1]);
});

test('a receiver that is gone takes with it what waits for it', () => {
  const { outbox } = open(() => new Promise(() => {}));
  for (const notice of [...notices('a', 2), ...notices('b', 1)]) outbox.add(notice);
  outbox.use([receiver('b')]);
  outbox.add(notices('a', 1)[0] as Notice);
  assert.deepEqual(outbox.waiting(), [['b', 1]]);
  assert.equal(outbox.counts.get('a gone'), 3);
  outbox.stop();
});
