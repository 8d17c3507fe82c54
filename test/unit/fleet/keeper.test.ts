/** A standing order over a real broker, with leaves that say what the test has them say. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SurplusRule } from '../../../src/balance/standing-order.js';
import { Fleet } from '../../../src/fleet/fleet.js';
import { asCommand } from '../../../src/protocol/commands.js';
import type { Payloads } from '../../../src/protocol/payloads.js';
import { Desk } from '../../../src/tree/desk.js';
import { until } from '../../support/wait.js';
import { beatOf, EPOCH, message, openBelow, resultOf, stateOf } from '../tree/support.js';

type Facts = Pick<Payloads['state'], 'phase' | 'health' | 'desired'>;
const UP = { phase: 'running', health: 'passing', desired: 'running' } as const;
const ON_ITS_WAY = { ...UP, health: 'unknown' } as const;
const STANDBY = { phase: 'stopped', health: 'unknown', desired: 'stopped' } as const;
const LOST_AFTER_S = 1;

/** One instance of `web` is to run: `first` does, and `second` is its stand-by slot. */
async function open(t: TestContext, surplus: SurplusRule, load: Record<string, number>) {
  const { place, registry, ingest, clock, publisher } = await openBelow();
  const desk = new Desk(registry, place.link, clock);
  ingest.listen(desk);
  const dir = mkdtempSync(join(tmpdir(), 'canopy-keeper-'));
  const log = { info() {}, warn() {} };
  const ordersFile = join(dir, 'orders.json');
  const fleet = new Fleet({ name: 'root', registry, desk, publisher, clock, ordersFile, log });
  t.after(async () => {
    fleet.keeper.stop();
    desk.stop();
    await place.close();
    rmSync(dir, { recursive: true });
  });
  let epoch = EPOCH;
  let answered = 0;
  const say = async (path: string, channel: string, value: unknown) => {
    place.link.publish(message(`canopy/${path}/${channel}`, value));
    await place.link.flush(5000);
  };
  /** A leaf that begins anew, or goes on, says how it stands and beats. */
  const stands = async (path: string, facts: Facts) => {
    epoch += 1;
    await say(path, 'state', stateOf({ ...facts, epoch }));
    await say(path, 'hb', beatOf({ ...facts, epoch, load: load[path] as number }));
  };
  const lost = () => say('first', 'state', stateOf({ ...UP, epoch, link: 'lost', reason: 'will' }));
  const ordered = async () => (await place.said('cmd')).map(({ path, value }) => `${value.op} ${path}`);
  /** The command that is sent next is to be this one; the leaf stands so by it, which it says before it answers. */
  const carriesOut = async (order: string, facts: Facts) => {
    const nth = answered++;
    const { path, value } = await until(async () => (await place.said('cmd'))[nth], 10_000, order);
    assert.equal(`${value.op} ${path}`, order);
    await stands(path, facts);
    await say(path, 'res', resultOf({ id: value.id, op: value.op }));
  };
  await stands('second', STANDBY);
  await stands('first', UP);
  const args = { count: 1, keep: true, lostAfter: LOST_AFTER_S, surplus };
  await fleet.plan(asCommand({ id: 'order', op: 'scale', select: { app: 'web' }, args }))(() => {});
  fleet.keeper.start();
  return { clock, stands, lost, ordered, carriesOut };
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
    await lost();
    clock.pass(LOST_AFTER_S * 1000 + 1);
    await carriesOut('start second', ON_ITS_WAY);
    await stands('first', UP);
    await stands('second', UP);
    await carriesOut(`stop ${goes}`, STANDBY);
    assert.deepEqual(await ordered(), ['start second', `stop ${goes}`]);
  });
