import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inOneByte, withPlainExports } from '../../../src/cli/after-bundling.js';

test('texts, templates and regular expressions mean the same afterwards', () => {
  const sources = ["'a…b'", '`└ x`', '/^…😀$/u.test("…😀")', "'plain'", "'€uro'.length"];
  for (const source of sources) {
    const escaped = inOneByte(source);
    assert.match(escaped, /^[\0-\x7f]*$/);
    assert.equal(new Function(`return ${escaped}`)(), new Function(`return ${source}`)());
  }
});

/** As the bundler writes it. */
const exported = (name: string, local = name): string =>
  `Object.defineProperty(exports, "${name}", {\n\tenumerable: true,\n\tget: function() {\n\t\treturn ${local};\n\t}\n});`;

test('an export that never changes is a plain one', () => {
  const steady = [
    'const a = 1;',
    'function a() {}',
    'class a {}',
    'var a = () => a === 1;',
    'x.a = 1;',
    'f(a => a);',
  ];
  for (const source of steady)
    assert.equal(withPlainExports(`${source}\n${exported('b', 'a')}`), `${source}\nexports.b = a;`);
});

test('one that may change is left as it is', () => {
  for (const change of ['a = 2;', 'f(a++);', 'a ??= 1;', 'a += 1;', 'if (x) a = 1;']) {
    const source = `let a = 1;\n${change}\n${exported('b', 'a')}`;
    assert.equal(withPlainExports(source), source);
  }
});

test('the bundler writes them as they are looked for', () => {
  const folder = fileURLToPath(new URL('../../../src/cli/', import.meta.url));
  const text = readFileSync(`${folder}start-part.cjs`, 'utf8');
  const plain = text.match(/^exports\.[\w$]+ = [\w$]+;$/gm)?.length ?? 0;
  const getters = text.match(/^Object\.defineProperty\(exports, "(?!__esModule)/gm)?.length ?? 0;
  assert.ok(plain > 50 && getters < 10, `${plain} plain, ${getters} not`);
});

test('no part of the program needs two bytes for a letter', () => {
  const folder = fileURLToPath(new URL('../../../src/cli/', import.meta.url));
  const parts = readdirSync(folder).filter(name => name.endsWith('.cjs'));
  assert.ok(parts.length > 10);
  const wide = parts.filter(name => /[^\0-\x7f]/.test(readFileSync(folder + name, 'utf8')));
  assert.deepEqual(wide, []);
});
