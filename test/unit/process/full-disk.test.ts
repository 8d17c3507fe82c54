/** What a node needs to start, on a disk that has become full since its last start. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openInstallation } from '../../../src/node/installation.js';
import { processIdentity } from '../../../src/process/identity.js';
import { holderOf } from '../../../src/process/node-lock.js';
import { claimPidFile, readPidFile } from '../../../src/process/pid-file.js';
import { fill, mountSmall } from '../../support/full-disk.js';
import { start } from './support.js';

/** Null, and the test skipped, where nothing can be mounted. */
function small(t: TestContext): string | null {
  const dir = mountSmall(t);
  if (dir === null) t.skip('needs to mount a tmpfs');
  return dir;
}

test('the pid file of a dead process is claimed in place, by one of many', async t => {
  const dir = small(t);
  if (dir === null) return;
  const file = join(dir, 'canopy.pid');
  const other = await start(t, ['sleep', '3600']);
  writeFileSync(file, JSON.stringify(await processIdentity(other.pid)));
  fill(dir);
  await assert.rejects(claimPidFile(file), { code: 'already-running', pid: other.pid });
  process.kill(other.pid, 'SIGKILL');
  await other.exited;
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => claimPidFile(file)));
  const [won, ...more] = results.filter(result => result.status === 'fulfilled');
  assert.deepEqual([won?.value, more], [{ replaced: 'stale' }, []]);
  assert.equal((await holderOf(file))?.pid, process.pid);
  assert.deepEqual(await readPidFile(file), await processIdentity(process.pid));
  assert.deepEqual(readdirSync(dir).sort(), ['canopy.pid', 'filler']);
});

test('where there is nothing to write over, the error names the file', async t => {
  const dir = small(t);
  if (dir === null) return;
  fill(dir);
  const path = join(dir, 'canopy.pid');
  await assert.rejects(claimPidFile(path), { code: 'ENOSPC', path });
});

test('the installation is written in place; one that cannot be is kept in memory', async t => {
  const dir = small(t);
  if (dir === null) return;
  const { fresh, ...first } = await openInstallation(dir, 1000);
  assert.equal(fresh, true);
  fill(dir);
  assert.deepEqual(await openInstallation(dir, 1000), { ...first, epoch: 1001, fresh: false });
  const kept = readFileSync(join(dir, 'installation.json'), 'utf8');
  const { instance, epoch } = JSON.parse(kept);
  assert.deepEqual({ instance, epoch }, { ...first, epoch: 1001 });
  assert.deepEqual(readdirSync(dir).sort(), ['filler', 'installation.json']);
  const lost: Error[] = [];
  const empty = join(dir, 'full');
  mkdirSync(empty);
  assert.equal((await openInstallation(empty, 5, error => lost.push(error))).epoch, 5);
  assert.match(String(lost), /ENOSPC/);
});
