import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lifecycle, type Step } from '../../../src/compose/lifecycle.js';

/** Steps that write down what is done to them, in order. */
function house() {
  const done: string[] = [];
  const warned: [string, string][] = [];
  const log = {
    warn: (fields: object, message: string) => warned.push([(fields as { step: string }).step, message]),
  };
  const step = (name: string, more: Partial<Step> = {}): Step => ({
    name,
    start: () => void done.push(`+${name}`),
    stop: async () => void done.push(`-${name}`),
    ...more,
  });
  const life = (...steps: Step[]) => {
    const lifecycle = new Lifecycle(log);
    return {
      start: () => lifecycle.start(steps),
      stop: () => lifecycle.stop(),
    };
  };
  return { done, warned, step, life };
}

test('starts in order, stops in reverse, once', async () => {
  const { done, step, life } = house();
  const node = life(step('broker'), step('tree'), step('rest'));
  await node.start();
  await node.stop();
  await node.stop();
  assert.deepEqual(done, ['+broker', '+tree', '+rest', '-rest', '-tree', '-broker']);
});

test('each start waits for the one before', async () => {
  const { done, step, life } = house();
  let open: () => void = () => {};
  const slow = step('slow', { start: () => new Promise<void>(resolve => (open = resolve)) });
  const started = life(slow, step('next')).start();
  await new Promise(setImmediate);
  assert.deepEqual(done, []);
  open();
  await started;
  assert.deepEqual(done, ['+next']);
});

test('where a step fails, those before it are stopped and the error is thrown', async () => {
  const { done, step, life } = house();
  const start = () => Promise.reject(new Error('EADDRINUSE'));
  const node = life(step('a'), step('b'), step('c', { start }), step('d'));
  await assert.rejects(node.start(), /EADDRINUSE/);
  assert.deepEqual(done, ['+a', '+b', '-b', '-a']);
  await node.stop();
  assert.equal(done.length, 4);
});

test('a stop during the start waits for the step under way, begins no other, and undoes all', async () => {
  const { done, step, life } = house();
  let open: () => void = () => {};
  const slow = step('slow', { start: () => new Promise<void>(resolve => (open = resolve)) });
  const node = life(step('a'), slow, step('c'));
  const started = node.start();
  await new Promise(setImmediate);
  const stopped = node.stop();
  await new Promise(setImmediate);
  open();
  await Promise.all([started, stopped]);
  assert.deepEqual(done, ['+a', '-slow', '-a']);
});

test('a stop that hangs has its deadline, one that fails is logged, the rest is stopped all the same', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { done, warned, step, life } = house();
  const hangs = step('hangs', { stop: () => new Promise<void>(() => {}), stopMs: 700 });
  const fails = step('fails', { stop: () => Promise.reject(new Error('no')) });
  const throws = step('throws', {
    stop: () => {
      throw new Error('at once');
    },
  });
  const node = life(step('first'), throws, fails, hangs);
  await node.start();
  const stopped = node.stop();
  await new Promise(setImmediate);
  t.mock.timers.tick(699);
  await new Promise(setImmediate);
  assert.deepEqual(warned, []);
  t.mock.timers.tick(1);
  await stopped;
  assert.deepEqual(warned, [
    ['hangs', 'did not stop in time'],
    ['fails', 'failed to stop'],
    ['throws', 'failed to stop'],
  ]);
  assert.deepEqual(done.slice(-1), ['-first']);
});
