import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupMemory } from '../../../src/process/group-memory.js';
import { lives } from '../../../src/process/stat.js';
import { usage } from '../../../src/process/usage.js';
import { until } from '../../support/wait.js';
import { said, start } from './support.js';

const skip = process.platform !== 'linux' && 'needs /proc';

test('the memory of a group is that of all its processes', { skip }, async t => {
  const running = await start(t, ['sh', '-c', 'sleep 3600 & sleep 3600 & echo $! ready; wait']);
  const last = Number((await said(running.file, /(\d+) ready/))[1]);
  const rss = async (pid: number): Promise<number> => (await usage(pid))?.rss ?? 0;
  // Until both have become what they are to be.
  await until(async () => {
    const others = (groupMemory(running.group, 0) ?? 0) - (await rss(running.pid));
    return others >= (await rss(last)) * 1.5 && others <= (await rss(last)) * 2.5;
  });
  process.kill(-running.group, 'SIGKILL');
  // The first sleep has told nobody its number: the sum alone says when it is gone too.
  await until(() => groupMemory(running.group, 0) === 0);
  assert.ok(!lives(last) && !lives(running.pid));
});

test('one look serves all who ask within its time', { skip }, async t => {
  const before = groupMemory(process.pid, 0);
  const running = await start(t, ['sleep', '3600']);
  assert.equal(groupMemory(running.group, 60_000), 0, 'not seen yet');
  await until(() => (groupMemory(running.group, 0) ?? 0) > 0);
  assert.ok(before !== null);
});
