import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartOrder } from '../../../src/compose/order.js';

const NEEDS = new Map([
  ['rack/web', ['rack/db', 'cache']],
  ['rack/db', []],
  ['cache', ['disk']],
  ['disk', []],
]);

test('a leaf is told of those that block it, shortly', () => {
  const order = new StartOrder(NEEDS);
  const web = order.of('rack/web');
  let told = 0;
  const unwatch = web.watch(() => {
    told += 1;
  });
  assert.deepEqual(web.blockers(), ['db', 'cache']);
  order.of('rack/db').ready(true);
  order.of('rack/db').ready(true);
  assert.deepEqual([web.blockers(), told], [['cache'], 1]);
  order.of('cache').ready(true);
  assert.deepEqual([web.blockers(), told], [[], 2]);
  order.of('cache').ready(false);
  assert.deepEqual(web.blockers(), ['cache']);
  unwatch();
  order.of('cache').ready(true);
  assert.equal(told, 3);
  assert.deepEqual(new StartOrder(NEEDS).of('disk').blockers(), []);
});

test('backwards: each after those that need it, the rest at once', async () => {
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const stopping = new StartOrder(NEEDS).backwards([...NEEDS.keys(), 'other'], path => {
    log.push(path);
    return new Promise(resolve => ends.set(path, resolve));
  });
  const end = async (path: string): Promise<void> => {
    ends.get(path)?.();
    await new Promise(setImmediate);
  };
  await new Promise(setImmediate);
  assert.deepEqual(log, ['rack/web', 'other']);
  await end('rack/web');
  assert.deepEqual(log.slice(2), ['rack/db', 'cache']);
  await end('rack/db');
  assert.equal(log.length, 4);
  await end('cache');
  assert.deepEqual(log.slice(4), ['disk']);
  await end('disk');
  await end('other');
  await stopping;
});

test('one that never started keeps nobody', async () => {
  const log: string[] = [];
  await new StartOrder(NEEDS).backwards(['cache', 'disk'], async path => void log.push(path));
  assert.deepEqual(log, ['cache', 'disk']);
});
