import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Findings } from '../../../src/config/problems.js';
import { documentOf } from '../../../src/config/yaml-document.js';
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
  ['maps', '{a: ', '}', 405],
  ['lists of lines', '- ', '', 203],
] as const)
  test(`${what} in each other, up to a depth; beyond it the place where it is passed`, () => {
    const nested = (depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
    assert.deepEqual(problems(nested(100)), []);
    const told = `F:1:${column}: expected at most 100 lists and maps in each other, found one more`;
    assert.deepEqual(problems(nested(102)), [told]);
    assert.deepEqual(problems(open.repeat(5000)), [told]);
  });

test('one document, whole', () => {
  assert.match(problems('a: [').join(), /^F:\d+:\d+: expected valid YAML/);
  assert.deepEqual(problems('a: 1\n---\nb: 2\n'), ['F:2:1: expected one document, found another one']);
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
