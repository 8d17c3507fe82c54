import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Cgroup } from '../../../src/process/cgroup.js';
import { descendantsOf } from '../../../src/process/descendants.js';
import { enterCgroup } from '../../../src/process/entering.js';
import { markedProcesses } from '../../../src/process/marked.js';
import { signalProcess } from '../../../src/process/signals.js';
import { lives, statOf } from '../../../src/process/stat.js';
import { readRecord } from '../../../src/process/target-record.js';
import { until } from '../../support/wait.js';
import { Place } from './target-support.js';

const skip = Cgroup.named('canopy-probe') === null && 'needs a cgroup v2 that may be written to';

async function placeWithCgroup(t: TestContext): Promise<{ place: Place; cgroup: Cgroup }> {
  const place = await Place.open(t);
  const cgroup = Cgroup.named(place.mark);
  assert.ok(cgroup);
  t.after(() => cgroup.remove());
  return { place, cgroup };
}

test('who is in it stays in it, is listed, and is killed at once', { skip }, async t => {
  const { place, cgroup } = await placeWithCgroup(t);
  assert.deepEqual(cgroup.members(), [], 'nobody has entered it');
  cgroup.kill();
  const target = await place.launch(['sh', '-c', 'sleep 0.3; setsid sleep 3600 & exec sleep 3600']);
  const { pid } = target;
  assert.equal(await enterCgroup(cgroup, { ...target, mark: place.mark }).inside, true);
  const members = await until(() => {
    const now = cgroup.members();
    return now.length === 2 && now.some(it => it !== pid) ? now : null;
  });
  assert.ok(members.includes(pid));
  const { keeper } = readRecord(place.dir) ?? {};
  assert.ok(keeper && !members.includes(keeper), 'it stays outside, to tell how it ended');
  assert.deepEqual(Cgroup.named(place.mark)?.members(), members, 'the same name is the same one');
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

test('what left the target before it was moved is moved too', { skip }, async t => {
  const { place, cgroup } = await placeWithCgroup(t);
  const target = await place.launch(['sh', '-c', 'setsid sleep 3600 & setsid sleep 3600 & exec sleep 3600']);
  await until(() => markedProcesses(place.mark)?.length === 3);
  assert.equal(await enterCgroup(cgroup, { ...target, mark: place.mark }).inside, true);
  assert.deepEqual(cgroup.members().sort(), markedProcesses(place.mark)?.sort());
});

test('and who has dropped the mark, too, while his parents live', { skip }, async t => {
  const { place, cgroup } = await placeWithCgroup(t);
  const file = place.path('child');
  const child = `setsid env -i sh -c 'echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 3600' & wait`;
  const target = await place.launch(['sh', '-c', child]);
  await until(() => existsSync(file));
  const pid = Number(place.text('child'));
  t.after(() => signalProcess(pid, 'SIGKILL'));
  assert.equal(markedProcesses(place.mark)?.includes(pid), false);
  assert.equal(await enterCgroup(cgroup, { ...target, mark: place.mark }).inside, true);
  assert.ok(cgroup.members().includes(pid));
});

test('a child that has ended, and for whom his parent does not wait, keeps nobody outside', {
  skip,
}, async t => {
  const { place, cgroup } = await placeWithCgroup(t);
  const target = await place.launch(['sh', '-c', 'true & exec sleep 3600']);
  await until(() => descendantsOf([target.pid]).some(({ pid }) => statOf(pid)?.state === 'Z'));
  assert.equal(await enterCgroup(cgroup, { ...target, mark: place.mark }).inside, true);
});

test('one that ended first is not moved, nor is who has its pid by now', { skip }, async t => {
  const { place, cgroup } = await placeWithCgroup(t);
  const ended = await place.launch(['true']);
  await ended.exited;
  assert.equal(await enterCgroup(cgroup, { ...ended, mark: place.mark }).inside, false);
  const target = await place.launch(['sleep', '3600']);
  const entering = enterCgroup(cgroup, { ...target, mark: place.mark });
  entering.cancel();
  assert.equal(await entering.inside, false);
  assert.deepEqual(cgroup.members(), []);
});

test('where none can be made nobody enters', { skip }, async t => {
  const place = await Place.open(t);
  const target = await place.launch(['sleep', '3600']);
  const nowhere = Cgroup.named('no/such/parent') as Cgroup;
  assert.equal(await enterCgroup(nowhere, { ...target, mark: place.mark }).inside, false);
});
