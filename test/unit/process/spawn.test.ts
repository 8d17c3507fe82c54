import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { processIdentity } from '../../../src/process/identity.js';
import { openOutput } from '../../../src/process/output.js';
import { groupAlive, processAlive, signalGroup } from '../../../src/process/signals.js';
import { SpawnError, startProcess } from '../../../src/process/spawn.js';
import { program, said, start, workDir } from './support.js';

test('a command runs in a group of its own, its output goes to the file, its exit is told', async t => {
  const running = await start(t, ['sh', '-c', 'echo to stdout; echo to stderr >&2; exit 7']);
  assert.deepEqual(await running.exited, { code: 7, signal: null });
  assert.equal(await readFile(running.file, 'utf8'), 'to stdout\nto stderr\n');
  assert.ok(Math.abs(Date.now() - running.startedAt) < 60_000);
});

test('output is appended, and its directories are made', async t => {
  const file = join(await workDir(t), 'a/b/out.log');
  for (const word of ['one', 'two']) {
    const output = await openOutput(file);
    const running = await startProcess({ words: ['echo', word], env: process.env, output: output.fd });
    await output.close();
    await running.exited;
  }
  assert.equal(await readFile(file, 'utf8'), 'one\ntwo\n');
  assert.equal((await stat(file)).mode & 0o777 & ~0o640, 0);
});

test('what cannot be started is a SpawnError that names the command', async t => {
  const dir = await workDir(t);
  await writeFile(join(dir, 'plain'), 'no program');
  await mkdir(join(dir, 'folder'));
  const output = await openOutput(join(dir, 'out.log'));
  const cases: [string[], string | undefined, RegExp, string][] = [
    [['no-such-command', 'x'], undefined, /cannot start "no-such-command": not found \(ENOENT\)/, 'ENOENT'],
    [[join(dir, 'plain')], undefined, /not executable, or not allowed \(EACCES\)/, 'EACCES'],
    [[join(dir, 'folder')], undefined, /EACCES/, 'EACCES'],
    [['true'], join(dir, 'gone'), /not found \(or no directory .*gone\) \(ENOENT\)/, 'ENOENT'],
    [['a\0b'], undefined, /cannot start "a\\u0000b"/, 'ERR_INVALID_ARG_VALUE'],
    [[], undefined, /the command is empty/, 'EINVAL'],
  ];
  for (const [words, cwd, message, errno] of cases) {
    const options = { words, env: process.env, output: output.fd, ...(cwd && { cwd }) };
    await assert.rejects(startProcess(options), (error: unknown) => {
      assert.ok(error instanceof SpawnError);
      assert.match(error.message, message);
      assert.deepEqual([error.code, error.errno], ['spawn-failed', errno]);
      return true;
    });
  }
  await output.close();
});

test('a signal to the group reaches a grandchild', async t => {
  const running = await start(t, [process.execPath, program('family')]);
  const grandchild = Number((await said(running.file, /family (\d+)/))[1]);
  assert.ok(processAlive(grandchild));
  assert.equal(signalGroup(running.pid, 'SIGTERM'), true);
  assert.deepEqual(await running.exited, { code: null, signal: 'SIGTERM' });
  await gone(grandchild);
});

/** Once killed it is only a matter of the kernel's time until nobody holds the pid any more. */
async function gone(pid: number): Promise<void> {
  while (await processIdentity(pid)) await new Promise(setImmediate);
}

test('TERM may be ignored, KILL may not; a group that is gone takes no signal', async t => {
  const running = await start(t, [process.execPath, program('ignores-term')]);
  await said(running.file, /ready/);
  assert.equal(signalGroup(running.pid, 'SIGTERM'), true);
  assert.equal(groupAlive(running.pid), true);
  signalGroup(running.pid, 'SIGKILL');
  assert.deepEqual(await running.exited, { code: null, signal: 'SIGKILL' });
  assert.equal(groupAlive(running.pid), false);
  assert.equal(signalGroup(running.pid, 'SIGKILL'), false);
});

test('200 commands at once all start, and all exits are told', async t => {
  const output = await openOutput(join(await workDir(t), 'out.log'));
  const all = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      startProcess({ words: ['sh', '-c', `exit ${index}`], env: process.env, output: output.fd }),
    ),
  );
  await output.close();
  const exits = await Promise.all(all.map(running => running.exited));
  assert.deepEqual(
    exits.map(exit => exit.code),
    Array.from({ length: 200 }, (_, index) => index),
  );
  assert.equal(new Set(all.map(running => running.pid)).size, 200);
});
