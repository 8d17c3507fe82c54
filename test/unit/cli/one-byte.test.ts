import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inOneByte } from '../../../src/cli/one-byte.js';

test('texts, templates and regular expressions mean the same afterwards', () => {
  const sources = ["'a…b'", '`└ x`', '/^…😀$/u.test("…😀")', "'plain'", "'€uro'.length"];
  for (const source of sources) {
    const escaped = inOneByte(source);
    assert.match(escaped, /^[\0-\x7f]*$/);
    assert.equal(new Function(`return ${escaped}`)(), new Function(`return ${source}`)());
  }
});

test('no part of the program needs two bytes for a letter', () => {
  const folder = fileURLToPath(new URL('../../../src/cli/', import.meta.url));
  const parts = readdirSync(folder).filter(name => name.endsWith('.cjs'));
  assert.ok(parts.length > 10);
  const wide = parts.filter(name => /[^\0-\x7f]/.test(readFileSync(folder + name, 'utf8')));
  assert.deepEqual(wide, []);
});
