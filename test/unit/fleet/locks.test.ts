import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Locks } from '../../../src/fleet/locks.js';
import { until } from '../../support/wait.js';

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
  await setImmediate();
  assert.deepEqual(said, ['a begins', 'other begins']);
  assert.ok(locks.isBusy('web') && locks.isBusy('db') && !locks.isBusy('x'));
  open.a?.();
  assert.equal(await a, 'a');
  await until(() => said.at(-1) === 'b begins');
  open.b?.();
  await assert.rejects(b, /b/);
  await until(() => said.at(-1) === 'c begins');
  open.c?.();
  open.other?.();
  assert.deepEqual([await c, await other], ['c', 'other']);
  assert.ok(!locks.isBusy('web') && !locks.isBusy('db'));
});

test('one of a kind takes the place of those before it: what waits is not begun, what is under way is cut', async () => {
  const locks = new Locks();
  const begun: string[] = [];
  let end: () => void = () => {};
  const work = (name: string) => (cut: AbortSignal) => {
    begun.push(name);
    return new Promise<string>((resolve, reject) => {
      end = () => resolve(name);
      cut.addEventListener('abort', () => reject(cut.reason));
    });
  };
  const take = (name: string, kind?: string) => locks.take('web', work(name), kind);
  const superseded = (how: RegExp) => ({ code: 'superseded', message: how });
  const other = take('other');
  await setImmediate();
  const [first, second] = [take('first', 'scale of web'), take('second', 'scale of web')];
  await assert.rejects(first, superseded(/^a later scale of web took its place; it was not begun$/));
  assert.deepEqual(begun, ['other'], 'told at once, though another is still under way');
  end();
  assert.equal(await other, 'other');
  await until(() => begun.at(-1) === 'second');
  const [labelled, third] = [take('labelled', 'scale of web zone=a'), take('third', 'scale of web')];
  await assert.rejects(second, superseded(/it was cut short/));
  for (const name of ['labelled', 'third']) {
    await until(() => begun.at(-1) === name);
    assert.ok(locks.isBusy('web'));
    end();
  }
  assert.deepEqual([await labelled, await third], ['labelled', 'third'], 'one of another kind goes on');
  assert.deepEqual(begun, ['other', 'second', 'labelled', 'third']);
  assert.ok(!locks.isBusy('web'));
});

test('a lock that is left by one that was not begun is free', async () => {
  const locks = new Locks();
  let end: () => void = () => {};
  const busy = locks.take(
    'web',
    () =>
      new Promise<void>(resolve => {
        end = resolve;
      }),
  );
  await setImmediate();
  const [a, b] = ['a', 'b'].map(name => locks.take('web', async () => name, 'k'));
  await assert.rejects(a as Promise<string>, { code: 'superseded' });
  end();
  await busy;
  assert.equal(await b, 'b');
  await until(() => !locks.isBusy('web'));
});
