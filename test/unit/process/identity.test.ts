import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { processIdentity, sameProcess } from '../../../src/process/identity.js';
import { parseStat } from '../../../src/process/stat.js';
import { start, workDir } from './support.js';

const tail = 'S 1 42 42 0 -1 4194560 100 0 0 0 7 5 0 0 20 0 1 0 987654 12345678 321 18446744073709551615 1';

test('the stat line is counted from the last bracket of the name', () => {
  for (const name of ['node', 'a b', ') (x', ') S 1 (', '))']) {
    assert.deepEqual(parseStat(`42 (${name}) ${tail}`), {
      state: 'S',
      group: 42,
      parent: 1,
      startTicks: '987654',
      cpuTicks: 12,
    });
  }
  for (const line of ['', '42 (node', '42 (node) S 1', 'nothing at all']) assert.equal(parseStat(line), null);
});

test('a process is itself, and no other one', async () => {
  const me = await processIdentity(process.pid);
  assert.ok(me);
  assert.deepEqual(await processIdentity(process.pid), me);
  assert.equal(await sameProcess(me), true);
  assert.equal(await sameProcess({ ...me, startTime: `${me.startTime}1` }), false);
  assert.equal(await sameProcess({ ...me, bootId: 'another boot' }), false);
});

test('a process with brackets and spaces in its name has an identity while it lives, none after', async t => {
  const command = join(await workDir(t), 'a) (b c');
  await copyFile('/bin/sleep', command);
  const running = await start(t, [command, '60']);
  const identity = await processIdentity(running.pid);
  assert.ok(identity && identity.startTime !== '');
  process.kill(running.pid, 'SIGKILL');
  await running.exited;
  assert.equal(await processIdentity(running.pid), null);
  assert.equal(await sameProcess(identity), false);
});

test('what is no pid has no identity', async () => {
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 30]) assert.equal(await processIdentity(pid), null);
});
