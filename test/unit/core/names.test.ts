import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ancestors,
  CHANNELS,
  isDirectChild,
  isName,
  lastName,
  MAX_NAMES,
  NAME_RULE,
  nameProblem,
  parentOf,
  pathProblem,
  topName,
} from '../../../src/core/names.js';
import { arbName, arbPath } from './support.js';

const LEGAL = ['a', '7', 'web', 'Web-1', 'a_b', '0-', 'x'.repeat(63), 'HB', 'hbx', 'state1'];
const ILLEGAL = [
  '',
  '-a',
  '_a',
  'a.b',
  'a b',
  'a/b',
  'a+',
  '#',
  '$SYS',
  'ä',
  'a\n',
  'a\0',
  'x'.repeat(64),
  ...CHANNELS,
];

test('a name is legal or refused with the rule; none is folded', () => {
  for (const name of LEGAL) assert.equal(nameProblem(name), null, name);
  for (const name of ILLEGAL) {
    assert.equal(isName(name), false, JSON.stringify(name));
    assert.equal(nameProblem(name), `${JSON.stringify(name)} is not a name: ${NAME_RULE}`);
  }
});

test('a path has at most eight names, each of them legal', () => {
  const names = Array.from({ length: MAX_NAMES }, (_, at) => `n${at}`);
  const legal = ['', 'web', 'rack1/web', names.join('/')];
  const illegal: [string, RegExp][] = [
    ['/', /"" is not a name/],
    ['/web', /"" is not a name/],
    ['web/', /"" is not a name/],
    ['a//b', /"" is not a name/],
    ['rack1/hb', /"hb" is not a name/],
    ['rack1/../web', /".." is not a name/],
    [[...names, 'x'].join('/'), /at most 8 names, found 9/],
  ];
  for (const path of legal) assert.equal(pathProblem(path), null, path);
  for (const [path, problem] of illegal) assert.match(pathProblem(path) ?? '', problem, path);
});

test('a path is its parent and its last name; its ancestors are all above it, topmost first', () => {
  assert.deepEqual(ancestors('a/b/c'), ['a', 'a/b']);
  for (const path of ['', 'a']) assert.deepEqual(ancestors(path), []);
  assert.deepEqual(['', 'a', 'a/b'].map(isDirectChild), [false, true, false]);
  fc.assert(
    fc.property(arbPath, arbName, (path, name) => {
      const child = path === '' ? name : `${path}/${name}`;
      assert.deepEqual([parentOf(child), lastName(child)], [path, name]);
      assert.equal(topName(child), child.split('/')[0]);
      const chain = ancestors(child);
      assert.equal(chain.length, child.split('/').length - 1);
      assert.equal(chain.at(-1) ?? '', path);
      for (const above of chain) assert.ok(child.startsWith(`${above}/`) && pathProblem(above) === null);
    }),
  );
});

test('any text either has a problem or is made of legal names', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), arbPath), text => {
      const legal = text === '' || (text.split('/').every(isName) && text.split('/').length <= MAX_NAMES);
      assert.equal(pathProblem(text) === null, legal);
    }),
  );
});
