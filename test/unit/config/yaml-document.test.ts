/** YAML as nodes: what is read, and what is told of what is wrong. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Findings } from '../../../src/config/problems.js';
import { documentOf } from '../../../src/config/yaml-document.js';
import type { YamlNode } from '../../../src/config/yaml-nodes.js';
import { linesOf } from './support.js';

const MODULE = fileURLToPath(new URL('../../../src/config/yaml-document.js', import.meta.url));

const problems = (text: string): string[] => {
  const findings = new Findings();
  const found = documentOf('F', text, findings);
  assert.equal(found === null, linesOf(() => findings.throwIfAny()).length > 0);
  return linesOf(() => findings.throwIfAny());
};

for (const [what, open, close, column] of [
  ['lists', '[', ']', 102],
  ['maps', '{a: ', '}', 402],
  ['lists of lines', '- ', '', 203],
] as const)
  test(`${what} in each other, up to a depth; beyond it the place where it is passed`, () => {
    const nested = (depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
    assert.deepEqual(problems(nested(100)), []);
    const told = `F:1:${column}: expected at most 100 lists and maps in each other, found one more`;
    assert.deepEqual(problems(nested(101)), [told]);
    const [most = ''] = problems(open.repeat(5000));
    assert.match(most, /^F:1:\d+: expected at most 100 lists and maps in each other, found one more$/);
  });

test('one document, whole', () => {
  assert.match(problems('a: [').join(), /^F:\d+:\d+: expected valid YAML/);
  assert.deepEqual(problems('a: 1\n---\nb: 2\n'), ['F:3:1: expected one document, found another one']);
});

for (const [text, told] of [
  ['a: {b: [1,', 'F:1:11: expected valid YAML, found unexpected end of the stream within a flow collection'],
  ['a: 1\n b: 2', 'F:2:3: expected valid YAML, found bad indentation of a mapping entry'],
  ['b: 1\na: *x\n', 'F:2:5: expected valid YAML, found *x, and no &x before it'],
  ['a: &x 1\n---\nb: *x', 'F:3:1: expected one document, found another one'],
  ['a: !env X', 'F:1:4: expected valid YAML, found the unknown tag !env'],
  ['a: 1\r\nb: 2\r\na: 3', 'F:3:1: expected valid YAML, found the key a twice in one map'],
] as const)
  test(`what is wrong has its place: ${JSON.stringify(text)}`, () => {
    assert.equal(problems(text)[0], told);
  });

/** As it would be in JSON, nothing as null, and all single values as texts. */
function plain(node: YamlNode | null): unknown {
  if (node?.kind === 'list') return node.items.map(plain);
  if (node?.kind === 'map') return node.items.map(({ key, value }) => [plain(key), plain(value)]);
  return node === null || node.isNothing ? null : node.text;
}

for (const [text, meant] of [
  ['', null],
  ['# only this', null],
  [
    'a: 007\nb: 0x1F\nc: yes',
    [
      ['a', '007'],
      ['b', '0x1F'],
      ['c', 'yes'],
    ],
  ],
  ['[~, null, "null", !!str null, "", ]', [null, null, 'null', 'null', '']],
  ['-\n- x\n-', [null, 'x', null]],
  [
    '{a, b: , "c": d}',
    [
      ['a', null],
      ['b', null],
      ['c', 'd'],
    ],
  ],
  [
    'a: &one {b: 1}\nc: *one',
    [
      ['a', [['b', '1']]],
      ['c', [['b', '1']]],
    ],
  ],
  [
    'a: &x 1\nb: &x 2\nc: *x',
    [
      ['a', '1'],
      ['b', '2'],
      ['c', '2'],
    ],
  ],
  [
    'a: one\n  two\nb: |\n  x\n  y\nc: >-\n  x\n  y',
    [
      ['a', 'one two'],
      ['b', 'x\ny\n'],
      ['c', 'x y'],
    ],
  ],
  [
    "a: \"x\\ty\"\nb: 'it''s'",
    [
      ['a', 'x\ty'],
      ['b', "it's"],
    ],
  ],
  ['\ufeffa: 1', [['a', '1']]],
  ['<<: {a: 1}', [['<<', [['a', '1']]]]],
] as const)
  test(`read as it is written: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(plain(documentOf('F', text, new Findings())?.top ?? null), meant);
  });

test('a list that holds itself is one, each time', () => {
  const top = documentOf('F', '&a [*a]', new Findings())?.top;
  assert.ok(top?.kind === 'list');
  assert.equal(top.items[0], top);
});

test('what is as deep as a file may be long neither overflows a stack nor is composed', () => {
  const script = `
    import { documentOf } from ${JSON.stringify(MODULE)};
    const findings = { add: (code, where) => console.log(code, where) };
    for (const open of ['[', '{"a":', '- ', '? ']) documentOf('F', open.repeat(10_000), findings);`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--stack-size=200', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  assert.equal(stdout.match(/^too-deep F:1:/gm)?.length, 4, stdout);
});
