import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockersOf, circles, reversed } from '../../../src/core/order.js';

/** `web: db cache; cache: db` */
const needsOf = (text: string): Map<string, string[]> =>
  new Map(
    text.split('; ').map(line => {
      const [path = '', needed = ''] = line.split(': ');
      return [path, needed.split(' ').filter(Boolean)];
    }),
  );

test('who blocks, and who is blocked', () => {
  const needs = needsOf('web: db cache; cache: db; db: ');
  const blockers = (path: string, ...ready: string[]) =>
    blockersOf(path, needs, each => ready.includes(each));
  assert.deepEqual(blockers('web'), ['db', 'cache']);
  assert.deepEqual(blockers('web', 'db'), ['cache']);
  assert.deepEqual(blockers('web', 'db', 'cache'), []);
  assert.deepEqual(blockers('db'), []);
  assert.deepEqual(blockers('nobody'), []);
  assert.deepEqual([...reversed(needs)].sort(), [
    ['cache', ['web']],
    ['db', ['web', 'cache']],
  ]);
});

test('circles', () => {
  const table: [string, string[]][] = [
    ['a: b; b: c; c: ', []],
    ['a: b c; b: d; c: d; d: ', []],
    ['a: b; b: a', ['a b']],
    ['z: a; a: b; b: c; c: a', ['a b c']],
    ['a: a', ['a']],
    ['a: b; b: a; c: d; d: c; e: c', ['a b', 'c d']],
    ['a: unknown', []],
  ];
  for (const [text, expected] of table)
    assert.deepEqual(
      circles(needsOf(text)).map(circle => circle.join(' ')),
      expected,
      text,
    );
});

test('a long chain is no circle, and no trouble', () => {
  const needs = new Map(
    Array.from({ length: 20_000 }, (_, index) => [`n${index}`, [`n${index + 1}`]] as const),
  );
  assert.deepEqual(circles(needs), []);
});

test('what is named as a circle is one, and without those there is an order', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
  const graph = fc.dictionary(names, fc.uniqueArray(names, { maxLength: 3 }), { noNullPrototype: true });
  fc.assert(
    fc.property(graph, of => {
      const needs = new Map<string, string[]>(Object.entries(of));
      const left = new Map(needs);
      for (const circle of circles(needs)) {
        circle.forEach((path, index) => {
          assert.ok(needs.get(path)?.includes(circle[(index + 1) % circle.length] as string));
          left.delete(path);
        });
      }
      const done = new Set<string>();
      const free = () =>
        [...left].find(
          ([path, needed]) => !done.has(path) && needed.every(it => done.has(it) || !left.has(it)),
        );
      for (let next = free(); next; next = free()) done.add(next[0]);
      assert.equal(done.size, left.size);
    }),
  );
});
