import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gate } from '../../../src/identity/gate.js';

test('so many work at a time, so many wait, the rest is told at once', async () => {
  const gate = new Gate(2, 3);
  const ends: (() => void)[] = [];
  let most = 0;
  let working = 0;
  const work = async (): Promise<string> => {
    most = Math.max(most, ++working);
    await new Promise<void>(resolve => ends.push(resolve));
    working -= 1;
    return 'done';
  };
  const all = Array.from({ length: 7 }, () => gate.run(work));
  assert.deepEqual(await Promise.all(all.slice(5)), [null, null]);
  for (let n = 0; n < 5; n++) {
    while (ends.length === 0) await new Promise(setImmediate);
    ends.shift()?.();
  }
  assert.deepEqual(await Promise.all(all.slice(0, 5)), Array(5).fill('done'));
  assert.equal(most, 2);
  const failed = gate.run(() => Promise.reject(new Error('x')));
  await assert.rejects(failed, /x/);
  assert.equal(await gate.run(async () => 7), 7, 'a failure does not keep its place');
});
