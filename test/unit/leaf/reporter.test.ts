import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { PHASES } from '../../../src/core/facts.js';
import { initialTarget, type TargetModel } from '../../../src/core/phases.js';
import { healthOf, LeafReporter, leafState } from '../../../src/leaf/reporter.js';
import { Publisher } from '../../../src/node/publisher.js';
import { EPOCH, Place, TestClock } from '../node/support.js';

const FACTS = { app: 'shop', epoch: EPOCH, interval: 3 };
const model = (more: Partial<TargetModel>): TargetModel => ({ ...initialTarget, ...more });

let place: Place;
let reporter: LeafReporter;
const clock = new TestClock();
before(async () => {
  place = await Place.open();
  reporter = new LeafReporter(FACTS, new Publisher(place.link, 'web', EPOCH, clock), clock);
});
after(() => place.close());
beforeEach(() => place.forgetHeard());

test('a state says what the target does; how it ended only where it did', () => {
  const running = leafState(FACTS, model({ phase: 'running', pid: 7, reason: 'start by ops' }), 'online', 5);
  assert.deepEqual(running, {
    v: 1,
    epoch: EPOCH,
    ts: 5,
    kind: 'leaf',
    app: 'shop',
    link: 'online',
    phase: 'running',
    health: 'passing',
    reason: 'start by ops',
    pid: 7,
  });
  const code = leafState(FACTS, model({ phase: 'backoff', exitCode: 0 }), 'online', 5);
  assert.deepEqual([code.exitCode, 'signal' in code, code.pid], [0, false, null]);
  const signal = leafState(FACTS, model({ phase: 'failed', signal: 'SIGKILL' }), 'offline', 5);
  assert.deepEqual([signal.signal, 'exitCode' in signal, signal.link], ['SIGKILL', false, 'offline']);
  assert.equal(leafState(FACTS, model({ reason: 'x'.repeat(5000) }), 'online', 5).reason?.length, 1024);
});

test('without a probe only a running target passes', () => {
  for (const phase of PHASES)
    assert.equal(healthOf(model({ phase })), phase === 'running' ? 'passing' : 'unknown', phase);
});

test('every change is a state, a change of phase an event as well', async () => {
  const starting = model({ phase: 'starting', reason: 'start by ops' });
  const running = model({ phase: 'running', pid: 7, reason: 'start by ops' });
  reporter.change(starting, initialTarget);
  reporter.change(running, starting);
  reporter.change(model({ ...running, reason: 'another reason' }), running);
  const states = (await place.said('state')).map(({ value: { phase, reason } }) => [phase, reason]);
  assert.deepEqual(states, [
    ['starting', 'start by ops'],
    ['running', 'start by ops'],
    ['running', 'another reason'],
  ]);
  const events = (await place.said('evt')).map(({ value: { event, from, to } }) => [event, from, to]);
  assert.deepEqual(events, [
    ['phase', 'stopped', 'starting'],
    ['phase', 'starting', 'running'],
  ]);
});

test('a heartbeat measures the process; without one it is all zero', async () => {
  clock.pass(1500);
  const live = model({ phase: 'running', pid: process.pid, startedAt: clock.mono() - 1500, generation: 3 });
  await reporter.beat(1, () => live);
  await reporter.beat(2, () => model({ phase: 'backoff', generation: 3 }));
  const [first, second] = (await place.said('hb')).map(({ value }) => value);
  assert.deepEqual(
    [first?.seq, first?.pid, first?.uptime, first?.restarts, first?.interval],
    [1, process.pid, 1.5, 2, 3],
  );
  assert.ok((first?.rss ?? 0) > 1_000_000 && (first?.cpu ?? 0) >= 0);
  assert.deepEqual(
    [second?.pid, second?.uptime, second?.rss, second?.cpu, second?.phase],
    [null, 0, 0, 0, 'backoff'],
  );
});

test('a process that is gone is measured as none', async () => {
  await reporter.beat(3, () => model({ phase: 'running', pid: 2 ** 22 + 1, generation: 1 }));
  const [beat] = (await place.said('hb')).map(({ value }) => value);
  assert.deepEqual([beat?.rss, beat?.cpu, beat?.restarts], [0, 0, 0]);
});
