/** Commands to many over a real broker, with leaves that say what the test has them say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../support/wait.js';
import { begin, openFleet, STANDBY, UP } from './support.js';

const DOWN = { phase: 'starting', health: 'unknown', desired: 'running' } as const;

test('no more are taken down at once than may be unavailable, one that is lost included', async t => {
  const { fleet, stands, tells, lost, carriesOut, ordered } = await openFleet(t);
  for (const path of ['w1', 'w2', 'w3', 'w4']) await stands(path, UP);
  await lost('w4');
  const restart = begin(fleet.plan, 'restart', { maxUnavailable: 2 });
  for (const nth of [1, 2, 3]) {
    const orders = await until(async () => ((await ordered()).length >= nth ? ordered() : null));
    assert.equal(orders.length, nth, 'one is down, and w4');
    const order = orders.at(-1) as string;
    await carriesOut(order, DOWN);
    await tells(order.replace('restart ', ''), UP);
  }
  assert.equal((await restart).status, 'partial');
});

test('what is stopped while it waits for its turn stays stopped, and holds up nobody', async t => {
  const { fleet, stands, tells, carriesOut, ordered } = await openFleet(t);
  for (const path of ['w1', 'w2', 'w3']) await stands(path, UP);
  const restart = begin(fleet.plan, 'restart', { maxUnavailable: 1 });
  await until(async () => (await ordered()).length === 1);
  await tells('w2', STANDBY);
  await carriesOut('restart w1', UP);
  await carriesOut('restart w3', UP);
  const { status, data } = await restart;
  const statuses = (data.results as { status: string }[]).map(it => it.status);
  assert.deepEqual([status, statuses], ['partial', ['succeeded', 'skipped', 'succeeded']]);
});

test('one that is stopped while it is waited for until it is up has failed, at once', async t => {
  const { fleet, stands, tells, carriesOut } = await openFleet(t);
  for (const path of ['w1', 'w2']) await stands(path, UP);
  const restart = begin(fleet.plan, 'restart', { maxUnavailable: 1 });
  await carriesOut('restart w1', DOWN);
  await tells('w1', STANDBY);
  await carriesOut('restart w2', UP);
  const { data } = await restart;
  const [{ status, error }] = data.results as [{ status: string; error: string }];
  assert.deepEqual([status, error], ['failed', 'it was stopped meanwhile']);
});

test('after a failure nobody follows who waited for room', async t => {
  const { fleet, stands, tells, carriesOut, answers, ordered } = await openFleet(t);
  for (const path of ['w1', 'w2', 'w3', 'w4']) await stands(path, UP);
  const told: unknown[] = [];
  const args = { maxUnavailable: 2, stopOnFailure: true };
  const restart = begin(fleet.plan, 'restart', args, {}, data => told.push(data));
  await until(async () => (await ordered()).length === 2);
  await tells('w4', DOWN);
  const error = { code: 'internal', message: 'it would not' };
  const [first = '', second = ''] = await ordered();
  // Whoever comes next waits for the first, since `w4` is down by itself; then that fails, and is up.
  await carriesOut(first, DOWN, { status: 'running', done: false });
  await carriesOut(second, UP);
  await until(() => told.length === 1);
  await tells('w1', UP);
  await answers(0, { status: 'failed', error });
  const { data } = await restart;
  const statuses = (data.results as { status: string }[]).map(it => it.status);
  assert.deepEqual(statuses, ['failed', 'succeeded', 'skipped', 'skipped']);
  assert.equal((await ordered()).length, 2);
});

test('what is sent expires with its time, whatever the command says', async t => {
  const { fleet, stands, sent, clock } = await openFleet(t);
  await stands('w1', UP);
  const expiresAt = clock.now() + 600_000;
  await begin(fleet.plan, 'stop', { timeout: 0.2 }, { expiresAt });
  assert.ok(((await sent())[0]?.value.expiresAt ?? 0) <= clock.now() + 201);
});

test('two who choose one each choose two', async t => {
  const { fleet, stands, ordered } = await openFleet(t);
  for (const path of ['w1', 'w2']) await stands(path, STANDBY);
  const start = () => begin(fleet.plan, 'start', { timeout: 0.3 }, { pick: 1 });
  const first = start();
  await until(async () => (await ordered()).length === 1);
  await Promise.all([first, start()]);
  assert.deepEqual((await ordered()).toSorted(), ['start w1', 'start w2']);
});

test('a move is made only while it makes sense', async t => {
  const { fleet, tells, stands, carriesOut, ordered } = await openFleet(t, {
    w1: 0.9,
    w2: 0.9,
    f1: 0.1,
    f2: 0.1,
  });
  const on = (name: string) => ({ host: { name, cores: 4 } });
  for (const path of ['w1', 'w2']) await stands(path, { ...UP, ...on('busy') });
  for (const path of ['f1', 'f2']) await stands(path, { ...STANDBY, ...on(`idle ${path}`) });
  const rebalance = begin(fleet.plan, 'rebalance');
  await until(async () => (await ordered()).length === 1);
  const [first = ''] = await ordered();
  // Meanwhile somebody stops what would move second, and then what moves now.
  await tells('w2', { ...STANDBY, ...on('busy') });
  await tells('w1', { ...STANDBY, ...on('busy') });
  await carriesOut(first, { ...UP, ...on('idle') });
  await carriesOut(first.replace('start', 'stop'), { ...STANDBY, ...on('idle') });
  const { data } = await rebalance;
  assert.deepEqual(
    (data.results as { status: string }[]).map(({ status }) => status),
    ['skipped', 'skipped'],
  );
  assert.equal((await ordered()).length, 2);
});
