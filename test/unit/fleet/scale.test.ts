/** `scale` over a real broker, with leaves that say what the test has them say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../../src/node/responder.js';
import { asCommand } from '../../../src/protocol/commands.js';
import { until } from '../../support/wait.js';
import { openFleet, STANDBY, UP } from './support.js';

const scaleTo = (count: number, more: object = {}) =>
  asCommand({ id: `to ${count}`, op: 'scale', select: { app: 'web' }, args: { count, ...more } });

test('counts on what an earlier one has ordered and nobody has answered yet', async t => {
  const { fleet, stands, ordered, carriesOut } = await openFleet(t);
  await stands('w1', UP);
  await stands('w2', STANDBY);
  const begin = (count: number) => fleet.plan(scaleTo(count))(() => {}) as Promise<Outcome>;
  const superseded = (run: Promise<Outcome>) => assert.rejects(run, { code: 'superseded' });
  const orders = (count: number) =>
    until(async () => {
      const all = await ordered();
      return all.length === count ? all : null;
    });
  const none = superseded(begin(0));
  assert.deepEqual(await orders(1), ['stop w1']);
  // `w1` still says that it runs, and will not.
  const two = superseded(begin(2));
  await none;
  assert.deepEqual((await orders(3)).slice(1).sort(), ['start w1', 'start w2']);
  // Starts that were not answered are called off: `w1` still says that it runs, and will not.
  const one = begin(1);
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
  const plan = (command: ReturnType<typeof asCommand>) => fleet.plan(command)(() => {}) as Promise<Outcome>;
  await plan(scaleTo(1, { keep: true }));
  for (const [count, expected] of [
    [1, 'succeeded'],
    [2, 'partial'],
    [0, 'partial'],
  ] as const) {
    const { status, data } = await plan(scaleTo(count, { share: true }));
    assert.deepEqual([status, data.running, data.keptBy], [expected, 1, ['']]);
    // Nothing that whoever shares out could choose.
    assert.deepEqual(data.capacity, { slots: 2, running: 1, free: 0, held: 1, ailing: 0 });
  }
  assert.deepEqual(await ordered(), []);
  assert.deepEqual(
    fleet.keeper.list().map(({ count }) => count),
    [1],
  );
  assert.throws(() => plan(scaleTo(1, { share: true, keep: true })), { code: 'bad-argument' });
});
