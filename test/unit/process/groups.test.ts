import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupAlive, processAlive, signalProcess } from '../../../src/process/signals.js';
import { said, start } from './support.js';

const skip = process.platform !== 'linux' && 'needs /proc';

test('a group of which only a zombie is left is not alive', { skip }, async t => {
  // The shell becomes a program that waits for nobody; its child leads a group of its own.
  const script = 'setsid sleep 3600 & echo child $!; exec sleep 3600';
  const { file } = await start(t, ['sh', '-c', script]);
  const pid = Number((await said(file, /child (\d+)/))[1]);
  const deadline = performance.now() + 5000;
  while (!groupAlive(pid) && performance.now() < deadline) await new Promise(setImmediate);
  assert.equal(groupAlive(pid), true);
  signalProcess(pid, 'SIGKILL');
  while (groupAlive(pid) && performance.now() < deadline) await new Promise(setImmediate);
  assert.equal(groupAlive(pid), false);
  assert.equal(processAlive(pid), true, 'nobody has waited for it');
});
