import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { page } from '../../../src/rest/node-routes.js';
import { listed } from './support.js';

const ALL = ['', 'cut', 'cut/db', 'rack1', 'rack1/api', 'rack1/web', 'web'];
const paths = (filter: Parameters<typeof page>[1]) => page(listed(), filter).nodes.map(({ path }) => path);

test('each filter alone, and together', () => {
  const cases: [Parameters<typeof page>[1], string[]][] = [
    [{}, ALL],
    [{ status: 'up' }, ['', 'rack1', 'rack1/web', 'web']],
    [{ status: 'down' }, ['cut', 'rack1/api']],
    [{ status: 'unreachable' }, ['cut/db']],
    [{ status: 'degraded' }, []],
    [{ kind: 'root' }, ['']],
    [{ kind: 'leaf' }, ['cut/db', 'rack1/api', 'rack1/web', 'web']],
    [{ app: 'web' }, ['rack1/web', 'web']],
    [{ app: '' }, []],
    [{ under: 'rack1' }, ['rack1', 'rack1/api', 'rack1/web']],
    [{ under: 'rack1/' }, ['rack1', 'rack1/api', 'rack1/web']],
    [{ under: 'rack1/web' }, ['rack1/web']],
    [{ under: 'rack' }, []],
    [{ under: '' }, ALL],
    [{ under: 'rack1', kind: 'leaf', status: 'up', app: 'web' }, ['rack1/web']],
  ];
  for (const [filter, wanted] of cases) assert.deepEqual(paths(filter), wanted, JSON.stringify(filter));
});

test('pages of any size, put together, are the whole list, each node once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(undefined, 'leaf' as const),
      (limit, kind) => {
        const found: string[] = [];
        let cursor: string | undefined;
        do {
          const { nodes, nextCursor } = page(listed(), {
            limit,
            ...(kind && { kind }),
            ...(cursor !== undefined && { cursor }),
          });
          assert.ok(nodes.length <= limit);
          found.push(...nodes.map(({ path }) => path));
          cursor = nextCursor ?? undefined;
        } while (cursor !== undefined);
        assert.deepEqual(found, paths(kind ? { kind } : {}));
      },
    ),
  );
});

test('a last page that is just full has no next one', () => {
  assert.equal(page(listed(), { limit: ALL.length }).nextCursor, null);
  assert.notEqual(page(listed(), { limit: ALL.length - 1 }).nextCursor, null);
});

test('a node that was forgotten in between does not end the pages', () => {
  const { nextCursor } = page(listed(), { limit: 3 });
  const without = listed().filter(({ path }) => path !== 'cut/db');
  assert.deepEqual(
    page(without, { cursor: nextCursor ?? '' }).nodes.map(({ path }) => path),
    ALL.slice(3),
  );
});

test('a cursor of no page and a path of no names are refused', () => {
  for (const cursor of ['', 'x', '!!', Buffer.from('a b').toString('base64url'), 'L2EvL2I', 'x'.repeat(5000)])
    assert.throws(
      () => page(listed(), { cursor }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'bad-request');
        assert.ok(error.message.length < 300);
        return true;
      },
      cursor,
    );
  for (const under of ['a b', 'a//b', '//', '..', 'rack1/hb'])
    assert.throws(() => page(listed(), { under }), { code: 'bad-path' }, under);
});
