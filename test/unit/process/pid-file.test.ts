import assert from 'node:assert/strict';
import { renameSync, writeSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ProcessIdentity, processIdentity } from '../../../src/process/identity.js';
import { makeNew } from '../../../src/process/new-file.js';
import { holderOf } from '../../../src/process/node-lock.js';
import { claimPidFile, readPidFile, releasePidFile } from '../../../src/process/pid-file.js';
import { start, workDir } from './support.js';

const pidFile = async (t: TestContext): Promise<string> => join(await workDir(t), 'run/node.pid');

test('claimed, read, refused while we live, released', async t => {
  const file = await pidFile(t);
  assert.equal(await readPidFile(file), null);
  assert.deepEqual(await claimPidFile(file), { replaced: null });
  assert.deepEqual(await readPidFile(file), await processIdentity(process.pid));
  assert.equal((await holderOf(file))?.pid, process.pid);
  await assert.rejects(claimPidFile(file), { code: 'already-running', pid: process.pid });
  assert.equal(await releasePidFile(file), true);
  assert.equal(await releasePidFile(file), false);
  assert.deepEqual(await readdir(dirname(file)), []);
});

test('refused while another process holds it, not released for it, taken over once it is dead', async t => {
  const file = await pidFile(t);
  const running = await start(t, ['sleep', '60']);
  await claimPidFile(file);
  await writeFile(file, JSON.stringify(await processIdentity(running.pid)));
  await assert.rejects(claimPidFile(file), {
    message: `already running as process ${running.pid} (${file})`,
  });
  assert.equal(await releasePidFile(file), false);
  process.kill(running.pid, 'SIGKILL');
  await running.exited;
  assert.equal((await holderOf(file))?.pid, undefined);
  assert.deepEqual(await claimPidFile(file), { replaced: 'stale' });
  assert.equal((await holderOf(file))?.pid, process.pid);
});

test('a pid used again, by another process or after another boot, is stale', async t => {
  const file = await pidFile(t);
  const me = (await processIdentity(process.pid)) as ProcessIdentity;
  for (const change of [{ startTime: '1' }, { bootId: 'another' }]) {
    await claimPidFile(file);
    await writeFile(file, JSON.stringify({ ...me, ...change }));
    assert.deepEqual(await claimPidFile(file), { replaced: 'stale' });
    await releasePidFile(file);
  }
});

test('a corrupt file is replaced', async t => {
  const file = await pidFile(t);
  for (const text of [
    '',
    '4242\n',
    'null',
    '{"pid":1}',
    '{"pid":"1","startTime":"1","bootId":"x"}',
    '{"pid":',
  ]) {
    await claimPidFile(file);
    await writeFile(file, text);
    assert.equal(await readPidFile(file), 'corrupt');
    assert.deepEqual(await claimPidFile(file), { replaced: 'corrupt' });
    await releasePidFile(file);
  }
});

test('of twenty that claim it at once, one gets it', async t => {
  const file = await pidFile(t);
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => claimPidFile(file)));
  assert.equal(results.filter(result => result.status === 'fulfilled').length, 1);
  assert.deepEqual(await readdir(dirname(file)), ['node.pid']);
});

test('one that is empty is being written: who finds it waits for its text', async t => {
  const file = await pidFile(t);
  const running = await start(t, ['sleep', '60']);
  await claimPidFile(file);
  await writeFile(file, '');
  const refused = assert.rejects(claimPidFile(file), { code: 'already-running', pid: running.pid });
  await writeFile(file, JSON.stringify(await processIdentity(running.pid)));
  await refused;
});

test('a maker whose file was put away before it was written has none', async t => {
  const file = join(await workDir(t), 'node.pid');
  const put = (fd: number, text: string): void => {
    renameSync(file, `${file}.aside`);
    writeSync(fd, text);
  };
  assert.equal(makeNew(file, 'one', put), false);
  const putInstead = (fd: number, text: string): void => {
    put(fd, text);
    assert.equal(makeNew(file, 'another'), true);
  };
  assert.equal(makeNew(file, 'one', putInstead), false);
  assert.equal(await readFile(file, 'utf8'), 'another');
});

test('what can not be written is not left behind', async t => {
  const file = join(await workDir(t), 'node.pid');
  const full = (): never => {
    throw new Error('ENOSPC');
  };
  assert.throws(() => makeNew(file, 'one', full), /ENOSPC/);
  assert.deepEqual(await readdir(dirname(file)), []);
});
