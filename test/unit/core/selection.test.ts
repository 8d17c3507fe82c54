import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Registry } from '../../../src/core/registry.js';
import { type Select, selected } from '../../../src/core/selection.js';

const at = { now: 1, mono: 1 };
const registry = new Registry();
for (const [path, kind, app] of [
  ['dc1', 'relay', null],
  ['dc1/web', 'leaf', 'web'],
  ['dc1/rack/web', 'leaf', 'web'],
  ['dc1/rack/db', 'leaf', 'db'],
  ['dc10', 'leaf', 'web'],
] as const)
  registry.applyState(path, { epoch: 1, kind, app, link: 'online' }, at);

test('which leaves fit', () => {
  const table: [Select, string[]][] = [
    [{ all: true }, ['dc1/rack/db', 'dc1/rack/web', 'dc1/web', 'dc10']],
    [{ app: 'web' }, ['dc1/rack/web', 'dc1/web', 'dc10']],
    [{ path: 'dc1' }, ['dc1/rack/db', 'dc1/rack/web', 'dc1/web']],
    [{ path: 'dc1/rack', app: 'web' }, ['dc1/rack/web']],
    [{ path: 'dc10' }, ['dc10']],
    [{ app: 'nobody' }, []],
  ];
  for (const [select, paths] of table)
    assert.deepEqual(
      selected(registry, select).map(({ path }) => path),
      paths,
      JSON.stringify(select),
    );
});

test('a select of nothing is an error, not everything', () => {
  assert.throws(() => selected(registry, {}), { code: 'bad-argument' });
});
