import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Locks } from '../../../src/fleet/locks.js';

test('one at a time per key, in order, whatever became of the one before; others do not wait', async () => {
  const locks = new Locks();
  const said: string[] = [];
  const open: Record<string, () => void> = {};
  const work = (name: string) => () => {
    said.push(`${name} begins`);
    return new Promise<string>((resolve, reject) => {
      open[name] = () => (name === 'b' ? reject(new Error(name)) : resolve(name));
    });
  };
  const [a, b, c, other] = [
    locks.take('web', work('a')),
    locks.take('web', work('b')),
    locks.take('web', work('c')),
    locks.take('db', work('other')),
  ];
  await Promise.resolve();
  assert.deepEqual(said, ['a begins', 'other begins']);
  assert.ok(locks.isBusy('web') && locks.isBusy('db') && !locks.isBusy('x'));
  open.a?.();
  assert.equal(await a, 'a');
  assert.deepEqual(said.at(-1), 'b begins');
  open.b?.();
  await assert.rejects(b, /b/);
  open.c?.();
  open.other?.();
  assert.deepEqual([await c, await other], ['c', 'other']);
  assert.ok(!locks.isBusy('web') && !locks.isBusy('db'));
});
