import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fits } from '../../../src/alerts/match.js';

const node = (path: string, more: object = {}) =>
  ({ path, kind: 'leaf', app: 'web', labels: { zone: 'a' }, ...more }) as const;
const match = (more: object) => ({ paths: [], apps: [], kinds: [], labels: [], ...more });

for (const [pattern, yes, no] of [
  ['rack1', ['rack1', 'rack1/web', 'rack1/rack2/web'], ['rack10', 'x/rack1']],
  ['rack1/*', ['rack1/web'], ['rack1', 'rack1/rack2/web']],
  ['rack*', ['rack1', 'rack'], ['rack1/web', 'edge']],
  ['rack1/**', ['rack1', 'rack1/web', 'rack1/rack2/web'], ['rack2']],
  ['**/web', ['web', 'rack1/web', 'rack1/rack2/web'], ['rack1/webs', 'rack1/web/x']],
  ['**', ['web', 'a/b'], []],
  ['rack1/**/web', ['rack1/web', 'rack1/a/b/web'], ['rack1/a/b', 'web']],
] as const)
  test(`path: ${pattern}`, () => {
    for (const path of yes) assert.ok(fits(match({ paths: [pattern] }), node(path)), path);
    for (const path of no) assert.ok(!fits(match({ paths: [pattern] }), node(path)), path);
  });

test('all that is given must fit', () => {
  const all = { paths: ['edge', 'rack1'], apps: ['api', 'web'], kinds: ['leaf'], labels: ['zone=a'] };
  assert.ok(fits(match(all), node('rack1/x')));
  for (const other of [{ app: 'db' }, { app: null }, { kind: 'relay' }, { labels: { zone: 'b' } }])
    assert.ok(!fits(match(all), node('rack1/x', other)), JSON.stringify(other));
});
