import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/core/clock.js';
import { MaintenanceState, maintenancePlan } from '../../../src/node/maintenance.js';
import { asCommand } from '../../../src/protocol/commands.js';
import { until } from '../../support/wait.js';

function open(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-maintenance-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const states: MaintenanceState[] = [];
  t.after(() => {
    for (const state of states) state.close();
  });
  const again = () => {
    const state = new MaintenanceState(dir, systemClock);
    states.push(state);
    return state;
  };
  return { dir, again };
}

test('it is kept over a restart, and told at every change', async t => {
  const { again } = open(t);
  const state = again();
  const current = () => state.current;
  assert.equal(current(), null);
  let told = 0;
  state.onChange(() => {
    told += 1;
  });
  const run = maintenancePlan(
    state,
    systemClock,
  )(asCommand({ op: 'maintenance', args: { mode: 'on' }, by: 'ops' }));
  assert.equal(current(), null, 'checked, not yet done');
  await run(() => {});
  assert.deepEqual([current()?.by, current()?.until, told], ['ops', null, 1]);
  assert.deepEqual(again().current, current());
  state.set(null);
  assert.deepEqual([again().current, told], [null, 2]);
});

test('its end lifts it, also where the node was down meanwhile', async t => {
  const { dir, again } = open(t);
  const state = again();
  const now = Date.now();
  state.set({ since: now, until: now + 30, by: 'ops' });
  await until(() => state.current === null);
  assert.ok(Date.now() >= now + 30);
  assert.equal(again().current, null, 'nor is it there after a restart');
  state.set({ since: now, until: Date.now() + 30, by: 'ops' });
  const file = join(dir, 'maintenance.json');
  const kept = readFileSync(file, 'utf8');
  await until(() => state.current === null);
  writeFileSync(file, kept);
  assert.equal(again().current, null, 'not one word of it more');
});

test('what is torn in the file is no maintenance', t => {
  const { dir, again } = open(t);
  for (const text of ['', '{', '{"since":"x"}', '{"since":1,"until":"never"}', 'null']) {
    writeFileSync(join(dir, 'maintenance.json'), text);
    assert.equal(again().current, null, text);
  }
});
