/** `scale` over a real broker, with leaves that say what the test has them say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../../src/node/responder.js';
import { until } from '../../support/wait.js';
import { begin, openFleet, STANDBY, STOPPING, UP } from './support.js';

test('counts on what an earlier one has ordered and nobody has answered yet', async t => {
  const { fleet, stands, ordered, carriesOut } = await openFleet(t);
  await stands('w1', UP);
  await stands('w2', STANDBY);
  const scale = (count: number) => begin(fleet.plan, 'scale', { count });
  const superseded = (run: Promise<Outcome>) => assert.rejects(run, { code: 'superseded' });
  const orders = (count: number) =>
    until(async () => {
      const all = await ordered();
      return all.length === count ? all : null;
    });
  const none = superseded(scale(0));
  assert.deepEqual(await orders(1), ['stop w1']);
  // `w1` still says that it runs, and will not.
  const two = superseded(scale(2));
  await none;
  assert.deepEqual((await orders(3)).slice(1).sort(), ['start w1', 'start w2']);
  // Starts that were not answered are called off: `w1` still says that it runs, and will not.
  const one = scale(1);
  await two;
  const all = await orders(6);
  assert.deepEqual(all.slice(3, 5).sort(), ['stop w1', 'stop w2']);
  assert.match(all[5] ?? '', /^start w[12]$/);
  for (const order of all) await carriesOut(order, order.startsWith('start') ? UP : STANDBY);
  const { status, data } = await one;
  assert.deepEqual([status, data.running], ['succeeded', 1]);
});

test('a share of one above gives way to a standing order, which goes on as it was', async t => {
  const { fleet, stands, ordered } = await openFleet(t);
  await stands('w1', UP);
  await stands('w2', STANDBY);
  const scale = (count: number, more: object) => begin(fleet.plan, 'scale', { count, ...more });
  await scale(1, { keep: true });
  for (const [count, expected] of [
    [1, 'succeeded'],
    [2, 'partial'],
    [0, 'partial'],
  ] as const) {
    const { status, data } = await scale(count, { share: true });
    assert.deepEqual([status, data.running, data.keptBy], [expected, 1, ['']]);
    // Nothing that whoever shares out could choose.
    assert.deepEqual(data.capacity, { slots: 2, running: 1, free: 0, held: 1, ailing: 0 });
  }
  assert.deepEqual(await ordered(), []);
  assert.deepEqual(
    fleet.keeper.list().map(({ count }) => count),
    [1],
  );
  assert.throws(() => scale(1, { share: true, keep: true }), { code: 'bad-argument' });
});

test('what others have ordered and nobody answers is not called done', async t => {
  const { fleet, stands, ordered } = await openFleet(t);
  for (const path of ['w1', 'w2']) await stands(path, UP);
  const stop = begin(fleet.plan, 'stop', { timeout: 0.2 }, { select: { path: 'w1' } });
  await until(async () => (await ordered()).length === 1);
  const { status, data } = await begin(fleet.plan, 'scale', { count: 1, timeout: 0.2 });
  assert.deepEqual([status, data.uncertain], ['partial', ['w1']]);
  assert.equal((await stop).status, 'failed');
});

test('a start that may wait behind a stop is overtaken where the slot is not wanted', async t => {
  const { fleet, stands, carriesOut, ordered } = await openFleet(t);
  await stands('w1', STOPPING);
  const none = begin(fleet.plan, 'scale', { count: 0 });
  await carriesOut('stop w1', STANDBY);
  assert.equal((await none).status, 'succeeded');
  assert.deepEqual(await ordered(), ['stop w1']);
});

test('an instance that is not seen is named, and a stop that nobody answered leaves the rest done', async t => {
  const { fleet, stands, lost, carriesOut } = await openFleet(t);
  for (const path of ['w1', 'w2', 'w3']) await stands(path, UP);
  await lost('w3');
  const { status, data } = await begin(fleet.plan, 'scale', { count: 2 });
  assert.deepEqual([status, data.running, data.unseen], ['succeeded', 2, ['w3']]);
  const none = begin(fleet.plan, 'scale', { count: 0, timeout: 0.5 });
  await carriesOut('stop w1', STANDBY);
  await lost('w2');
  const told = await none;
  assert.deepEqual([told.status, told.data.succeeded, told.data.uncertain], ['partial', 1, ['w2']]);
});

test('a dry run says where it would leave too many', async t => {
  const { fleet, stands } = await openFleet(t);
  await stands('w1', UP);
  await stands('w2', { ...UP, maintenance: { since: 1, until: null, by: 'ops' } });
  const { status, data } = await begin(fleet.plan, 'scale', { count: 0, dryRun: true });
  assert.deepEqual([status, data.surplus], ['partial', 1]);
});

test('a share leaves the leaves of an order for some of them alone, and does the rest', async t => {
  const { fleet, stands, carriesOut, ordered } = await openFleet(t);
  const zone = (name: string) => ({ labels: { zone: name } });
  await stands('w1', { ...UP, ...zone('a') });
  await stands('w2', { ...UP, ...zone('b') });
  const select = { app: 'web', label: 'zone=a' };
  await begin(fleet.plan, 'scale', { count: 1, keep: true }, { select });
  const none = begin(fleet.plan, 'scale', { count: 0, share: true });
  await carriesOut('stop w2', { ...STANDBY, ...zone('b') });
  const { status, data } = await none;
  assert.deepEqual([status, data.running, data.keptBy, data.surplus], ['partial', 1, [''], 1]);
  assert.deepEqual(await ordered(), ['stop w2']);
});

test('two orders for the same leaves are refused, also where one waits for its turn', async t => {
  const { fleet, stands, carriesOut } = await openFleet(t);
  const labels = { labels: { zone: 'a' } };
  await stands('w1', { ...UP, ...labels });
  await stands('w2', { ...STANDBY, ...labels });
  const first = begin(fleet.plan, 'scale', { count: 2, keep: true });
  const select = { app: 'web', label: 'zone=a' };
  const second = begin(fleet.plan, 'scale', { count: 1, keep: true }, { select });
  const refused = assert.rejects(second, { code: 'bad-argument' });
  await carriesOut('start w2', { ...UP, ...labels });
  assert.equal((await first).status, 'succeeded');
  await refused;
  assert.deepEqual(
    fleet.keeper.list().map(({ count }) => count),
    [2],
  );
});
