import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupIsMarked, markedProcesses, markedSoon } from '../../../src/process/marked.js';
import { until } from '../../support/wait.js';
import { Place } from './target-support.js';

const skip = process.platform !== 'linux' && 'needs /proc';

test('a mark finds whoever inherited it, in whatever session, and nobody else', { skip }, async t => {
  const [place, other] = [await Place.open(t), await Place.open(t)];
  await other.launch(['sleep', '3600']);
  const target = await place.launch(['sh', '-c', 'setsid sleep 3600 & echo $!; exec sleep 3600']);
  await until(() => place.text('target.log').includes('\n'));
  // The target, and the one in a session of its own; its wrapper has an environment of its own.
  const found = await until(() => {
    const pids = markedProcesses(place.mark) ?? [];
    return pids.length === 2 ? pids : null;
  });
  assert.ok(found.includes(target.pid));
  assert.deepEqual(await Promise.all([markedSoon(place.mark), markedSoon('nobody')]), [found, []]);
  assert.deepEqual(markedProcesses(`${place.mark}x`), []);
  assert.deepEqual(markedProcesses(place.mark.slice(0, -1)), []);
  assert.equal(groupIsMarked(target.group, place.mark), true);
  assert.equal(groupIsMarked(target.group, other.mark), false);
});
