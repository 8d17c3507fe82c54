import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetUsage, usage } from '../../../src/process/usage.js';
import { program, said, start } from './support.js';

test('memory in bytes, as Node itself says', async () => {
  const mine = await usage(process.pid);
  assert.ok(mine);
  const ratio = mine.rss / process.memoryUsage.rss();
  assert.ok(ratio > 0.8 && ratio < 1.25, `ratio ${ratio}`);
});

test('a busy process uses up to one core, a dead one nothing', async t => {
  const running = await start(t, [process.execPath, program('busy')]);
  await said(running.file, /ready/);
  await usage(running.pid);
  // The kernel counts in ticks of 10 ms: a share needs a span to be a share of.
  await new Promise(resolve => setTimeout(resolve, 200));
  const cpu = (await usage(running.pid))?.cpu ?? -1;
  assert.ok(cpu > 0.05 && cpu < 1.3, `cpu ${cpu}`);
  process.kill(running.pid, 'SIGKILL');
  await running.exited;
  assert.equal(await usage(running.pid), null);
  forgetUsage(running.pid);
});

test('no such process', async () => {
  assert.equal(await usage(2 ** 30), null);
});
