import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Cgroup } from '../../../src/process/cgroup.js';
import { lives } from '../../../src/process/stat.js';
import { until } from '../../support/wait.js';
import { Place } from './target-support.js';

const probe = await Cgroup.open(`canopy-probe-${process.pid}`);
await probe?.remove();
const skip = probe === null && 'needs a cgroup v2 that may be written to';

test('who is started in it stays in it, is listed, and is killed at once', { skip }, async t => {
  const place = await Place.open(t);
  const cgroup = await Cgroup.open(place.mark);
  assert.ok(cgroup);
  t.after(() => cgroup.remove());
  const script = 'setsid sleep 3600 & echo ready; exec sleep 3600';
  const target = await place.launch(['sh', '-c', script], { cgroup: cgroup.path });
  const members = await until(() => (cgroup.members().length === 2 ? cgroup.members() : null));
  assert.ok(members.includes(target.pid));
  assert.ok(!members.includes(target.group), 'the wrapper stays outside, to tell how it ended');
  assert.deepEqual((await Cgroup.open(place.mark))?.members(), members, 'the same name is the same one');
  await cgroup.remove();
  assert.ok(existsSync(cgroup.path), 'not while somebody lives in it');
  cgroup.kill();
  assert.deepEqual(await target.exited, { code: null, signal: 'SIGKILL' });
  await until(() => cgroup.members().length === 0 && !members.some(lives));
  await until(async () => {
    await cgroup.remove();
    return !existsSync(cgroup.path);
  });
  assert.deepEqual(cgroup.members(), [], 'nor does one that is gone hold anybody');
});

test('where none can be made there is none', { skip }, async () => {
  assert.equal(await Cgroup.open('no/such/parent'), null);
});

test('a cgroup that cannot be entered does not keep the target from being started', { skip }, async t => {
  const place = await Place.open(t);
  const target = await place.launch(['sh', '-c', 'exit 4'], { cgroup: '/nowhere/at/all' });
  assert.deepEqual(await target.exited, { code: 4, signal: null });
});
