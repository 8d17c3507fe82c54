import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Cgroup } from '../../../src/process/cgroup.js';
import { descendantsOf } from '../../../src/process/descendants.js';
import { enterCgroup } from '../../../src/process/entering.js';
import { markedProcesses } from '../../../src/process/marked.js';
import { signalProcess } from '../../../src/process/signals.js';
import { lives, statOf } from '../../../src/process/stat.js';
import { readTargetFile } from '../../../src/process/target-file.js';
import { readRecord } from '../../../src/process/target-record.js';
import { find } from '../../support/parts.js';
import { until } from '../../support/wait.js';
import { Place } from './target-support.js';

const skip = Cgroup.named('canopy-probe') === null && 'needs a cgroup v2 that may be written to';

async function placeWithCgroup(t: TestContext): Promise<{ place: Place; cgroup: Cgroup }> {
  const place = await Place.open(t);
  const cgroup = Cgroup.named(place.mark);
  assert.ok(cgroup);
  t.after(() => {
    cgroup.kill();
    return cgroup.remove();
  });
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

const skipInside = skip || (find('perl') === null && 'needs perl');

test('a target begins in it, recorded as ever, and whatever it starts is in it, whatever it drops', {
  skip: skipInside,
}, async t => {
  const { place, cgroup } = await placeWithCgroup(t);
  const script = '(env -i setsid sleep 3600 &); cat /proc/self/cgroup; exec sleep 3600';
  const target = await place.launch(['sh', '-c', script], { cgroup: cgroup.path });
  assert.equal(target.isInside, true);
  const { pid, group, token } = readRecord(place.dir) ?? {};
  assert.deepEqual([pid, group, statOf(target.pid)?.group], Array(3).fill(target.pid));
  assert.equal(token, readTargetFile(place.dir)?.token);
  await until(() => place.text('target.log').includes(`/${place.mark}\n`));
  const [child = 0, ...more] = await until(() => {
    const others = cgroup.members().filter(member => member !== target.pid);
    return others.some(member => statOf(member)?.parent !== target.pid) ? others : null;
  });
  assert.deepEqual(more, []);
  // It drops the mark a little after it was forked.
  await until(() => !markedProcesses(place.mark)?.includes(child));
  cgroup.kill();
  assert.deepEqual(await target.exited, { code: null, signal: 'SIGKILL' });
  await until(() => !lives(child));
});

test('so does the next one after all in it were killed, and another where the kernel kills them at birth', {
  skip: skipInside,
}, async t => {
  const { place, cgroup } = await placeWithCgroup(t);
  const launched = async () => place.launch(['sleep', '3600'], { cgroup: cgroup.path });
  for (let round = 0; round < 2; round++) {
    const target = await launched();
    assert.equal(target.isInside, true);
    cgroup.kill();
    await target.exited;
  }
  // Somebody is left in it, so that no new one can be made.
  const left = await launched();
  cgroup.kill();
  await left.exited;
  const stays = await Place.open(t);
  const other = await stays.launch(['sleep', '3600']);
  assert.ok(await cgroup.enter(other.pid));
  assert.ok(lives((await launched()).pid));
});

test('many launches leave no descriptor open, in who launches them or in the target', {
  skip: skipInside,
}, async t => {
  const open = (pid: number | null | undefined): string[] =>
    readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const cgroups = (pid: number): string[] => open(pid).filter(file => file.startsWith('/sys/fs/cgroup'));
  const begun = async () => {
    const { place, cgroup } = await placeWithCgroup(t);
    const target = await place.launch(['sleep', '3600'], { cgroup: cgroup.path });
    assert.equal(target.isInside, true);
    await until(() => readFileSync(`/proc/${target.pid}/comm`, 'utf8') === 'sleep\n');
    return { pid: target.pid, shim: readRecord(place.dir)?.keeper };
  };
  const first = await begun();
  const before = open(first.shim).sort();
  const later = await Promise.all(Array.from({ length: 20 }, begun));
  assert.deepEqual(open(first.shim).sort(), before);
  for (const { pid } of [first, ...later]) assert.deepEqual(cgroups(pid), []);
});

test('where it can not begin in it, whatever is in the way, a target is started all the same', async t => {
  const nothing = await Place.open(t);
  writeFileSync(nothing.path('file'), '');
  mkdirSync(nothing.path('directory'));
  writeFileSync(nothing.path('directory/cgroup.kill'), '');
  const odd = ['/proc/nowhere', '/nowhere/at/all', 'file', 'file/below', 'empty', 'directory'];
  for (const cgroup of odd.map(name => resolve(nothing.dir, name))) {
    const place = await Place.open(t);
    const target = await place.launch(['sh', '-c', 'echo ran; exit 7'], { cgroup });
    assert.equal(target.isInside, false);
    assert.deepEqual(await target.exited, { code: 7, signal: null }, cgroup);
    assert.equal(place.text('target.log'), 'ran\n');
  }
});
