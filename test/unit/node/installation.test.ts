import assert from 'node:assert/strict';
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openInstallation } from '../../../src/node/installation.js';

async function dataDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-installation-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'not/there/yet');
}

test('the instance stays, the epoch is the time and rises at every start', async t => {
  const dir = await dataDir(t);
  const first = await openInstallation(dir, 1000);
  const second = await openInstallation(dir, 5000);
  assert.match(first.instance, /^[0-9a-f]{16}$/);
  assert.equal(second.instance, first.instance);
  assert.deepEqual([first.epoch, second.epoch], [1000, 5000]);
  assert.deepEqual(await readdir(dir), ['installation.json']);
});

test('the epoch rises even when the clock steps back or stands still', async t => {
  const dir = await dataDir(t);
  const epochs: number[] = [];
  for (const now of [5000, 5000, 100, 0, 5003, 9000]) epochs.push((await openInstallation(dir, now)).epoch);
  assert.deepEqual(epochs, [5000, 5001, 5002, 5003, 5004, 9000]);
});

test('a copy of a data directory is another installation, one that was moved is the same', async t => {
  const dir = await dataDir(t);
  const first = await openInstallation(dir, 1000);
  await cp(dir, `${dir} copied`, { recursive: true });
  await rename(dir, `${dir} moved`);
  const [copied, moved] = [
    await openInstallation(`${dir} copied`, 2000),
    await openInstallation(`${dir} moved`, 2000),
  ];
  assert.deepEqual([copied.instance === first.instance, moved.instance === first.instance], [false, true]);
  assert.deepEqual([copied.fresh, moved.fresh], [true, false]);
  assert.equal((await openInstallation(`${dir} copied`, 3000)).instance, copied.instance);
  // As an earlier version has left it.
  await writeFile(join(`${dir} moved`, 'installation.json'), JSON.stringify({ ...SOUND }));
  assert.equal((await openInstallation(`${dir} moved`, 4000)).instance, SOUND.instance);
});

test('two data directories are two installations', async t => {
  const instances = [await dataDir(t), await dataDir(t)].map(dir => openInstallation(dir, 1));
  const [one, other] = await Promise.all(instances);
  assert.notEqual(one?.instance, other?.instance);
});

const SOUND = { instance: '0123456789abcdef', epoch: 5 };
const CORRUPT = [
  '',
  'null',
  '[]',
  '{',
  JSON.stringify(SOUND).slice(0, -4),
  JSON.stringify({ ...SOUND, instance: '../../etc' }),
  JSON.stringify({ ...SOUND, instance: 7 }),
  JSON.stringify({ ...SOUND, epoch: '5' }),
  JSON.stringify({ ...SOUND, epoch: 1e300 }),
  JSON.stringify({ ...SOUND, epoch: Number.MAX_SAFE_INTEGER }),
  '\0\0\0\0',
];
test('a file that cannot be read is begun anew, and sound from then on', async t => {
  const dir = await dataDir(t);
  await openInstallation(dir, 1);
  for (const text of CORRUPT) {
    await writeFile(join(dir, 'installation.json'), text);
    const opened = await openInstallation(dir, 1000);
    assert.match(opened.instance, /^[0-9a-f]{16}$/);
    assert.notEqual(opened.instance, SOUND.instance);
    assert.equal(opened.epoch, 1000);
    const { fresh, ...kept } = opened;
    assert.equal(fresh, true);
    const { directory, ...written } = JSON.parse(await readFile(join(dir, 'installation.json'), 'utf8'));
    assert.deepEqual([written, typeof directory], [kept, 'string']);
    assert.deepEqual(await openInstallation(dir, 1000), { ...kept, epoch: 1001, fresh: false });
  }
});
