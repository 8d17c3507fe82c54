import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { loadTree, type TreeNode } from '../../../src/config/tree-file.js';
import { dirWith, linesOf } from './support.js';

/** Leaves in a line each, as `path: what they need`, `[]` for a list; `rack` is a relay. */
const treeOf = (web: string, more = ''): string => `children:
  - { name: db, target: x }
  - name: rack
    port: 1
    children:
      - { name: cache, target: x }
      - { name: web, target: x, needs: ${web} }
      - { name: db, target: x${more} }
`;
const load = (t: TestContext, text: string, node?: string): TreeNode[] =>
  loadTree({ file: 't.yaml', cwd: dirWith(t, { 't.yaml': text }), ...(node !== undefined && { node }) })
    .nodes;

test('names of siblings, paths from the top, in each way of writing', t => {
  const table: [string, string[]][] = [
    ['db', ['rack/db']],
    ['cache db', ['rack/cache', 'rack/db']],
    ['"cache, db"', ['rack/cache', 'rack/db']],
    ['[cache, rack/db]', ['rack/cache', 'rack/db']],
    ['[cache, cache]', ['rack/cache']],
    ['[]', []],
    ['""', []],
  ];
  for (const [needs, expected] of table) {
    const nodes = load(t, treeOf(needs));
    assert.deepEqual(nodes.find(({ path }) => path === 'rack/web')?.needs, expected, needs);
    assert.deepEqual(nodes.find(({ path }) => path === 'db')?.needs, []);
  }
  const [, , , , , third] = load(t, treeOf('cache', ', needs: [cache]'));
  assert.deepEqual(third?.needs, ['rack/cache'], 'of several');
  const top = load(t, 'children:\n  - { name: a, target: x }\n  - { name: b, target: x, needs: a }\n');
  assert.deepEqual(top[2]?.needs, ['a'], 'right below the top');
});

test('what it cannot need, with its place', t => {
  const at = 't.yaml:7:33 children[1].children[1] (rack/web) needs';
  const table: [string, string, string[]][] = [
    [
      'cach',
      '',
      [
        `${at}: expected the name of a leaf beside it or the path of one, found "cach", did you mean "cache"?`,
      ],
    ],
    ['zzzzzzzz', '', [`${at}: expected the name of a leaf beside it or the path of one, found "zzzzzzzz"`]],
    ['rack', '', [`${at}: expected a leaf, not the relay, found "rack"`]],
    ['web', '', [`${at}: expected another leaf than itself, found "web"`]],
    ['{ a: b }', '', [`${at}: expected single values, found a list or a map`]],
    ['[[db]]', '', [`${at}: expected single values, found a list or a map`]],
    ['db', ', needs: web', [`${at}: expected needs without a circle, found rack/web -> rack/db -> rack/web`]],
  ];
  for (const [needs, more, lines] of table)
    assert.deepEqual(
      linesOf(() => load(t, treeOf(needs, more))),
      lines,
      needs,
    );
});

test('only of leaves that the same process hosts', t => {
  const text = treeOf('[/db, cache]')
    .replace('/db', 'cache')
    .replace('name: cache,', 'name: cache, needs: db,');
  assert.equal(load(t, text).length, 6);
  const above = `children:
  - { name: lone, target: x }
  - name: rack
    port: 1
    children:
      - { name: web, target: x, needs: lone }
`;
  assert.deepEqual(load(t, above).at(-1)?.needs, ['lone']);
  assert.deepEqual(
    linesOf(() => load(t, above, 'rack')),
    [
      't.yaml:6:33 children[1].children[0] (rack/web) needs: expected a leaf that this process hosts as well, found "lone"',
    ],
  );
  assert.equal(load(t, above, '').length, 4, 'nobody here needs it');
  assert.match(
    linesOf(() => load(t, `defaults: { needs: db }\n${treeOf('db')}`))[0] ?? '',
    /defaults\.needs: expected it on the node itself/,
  );
});

test('a leaf that is alone can need nobody, and says so', t => {
  const lines = linesOf(() => load(t, 'children:\n  - { name: a, target: x, needs: zz }\n'));
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? '',
    /needs: expected the name of a leaf beside it or the path of one, found "zz"$/,
  );
});
