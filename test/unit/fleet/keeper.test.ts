/** A standing order over a real broker, with leaves that say what the test has them say. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SurplusRule } from '../../../src/balance/standing-order.js';
import { asCommand } from '../../../src/protocol/commands.js';
import { openFleet, STANDBY, UP } from './support.js';

const ON_ITS_WAY = { ...UP, health: 'unknown' } as const;
const LOST_AFTER_S = 1;

/** One instance of `web` is to run: `first` does, and `second` is its stand-by slot. */
async function open(t: TestContext, surplus: SurplusRule, load: Record<string, number>) {
  const { fleet, ...rest } = await openFleet(t, load);
  await rest.stands('second', STANDBY);
  await rest.stands('first', UP);
  const args = { count: 1, keep: true, lostAfter: LOST_AFTER_S, surplus };
  await fleet.plan(asCommand({ id: 'order', op: 'scale', select: { app: 'web' }, args }))(() => {});
  fleet.keeper.start();
  return rest;
}

// What a run of its own would stop is the one with the most load: here the one that is to stay.
for (const [surplus, stays, goes] of [
  ['original', 'first', 'second'],
  ['replacement', 'second', 'first'],
] as const)
  test(`the ${surplus} stays, whichever is loaded, where the lost one is back before its successor is up`, async t => {
    const { clock, stands, lost, ordered, carriesOut } = await open(t, surplus, {
      [stays]: 0.9,
      [goes]: 0.1,
    });
    await lost('first');
    clock.pass(LOST_AFTER_S * 1000 + 1);
    await carriesOut('start second', ON_ITS_WAY);
    await stands('first', UP);
    await stands('second', UP);
    await carriesOut(`stop ${goes}`, STANDBY);
    assert.deepEqual(await ordered(), ['start second', `stop ${goes}`]);
  });
