/** Which files of the bundled command line a command loads: a target waits for all that come before it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DIR = new URL('../../src/cli/', import.meta.url);
/** At once, not where it is wanted later (`import()` in the source). */
const REQUIRE = /^(?:(?:const|let|var) [\w$]+ = )?(?:\w+\()?require\("\.\/([\w-]+\.cjs)"\)/gm;

const textOf = (name: string): string => readFileSync(fileURLToPath(new URL(name, DIR)), 'utf8');

/** All that is loaded with a file, itself included. */
function loadedWith(first: string): Set<string> {
  const found = new Set<string>();
  const left = [first];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    left.push(...Array.from(textOf(name).matchAll(REQUIRE), ([, other]) => other as string));
  }
  return found;
}

test('what hosts nodes has what its targets need in one file, and waits for no broker, REST or terminal', () => {
  const files = new Set([...loadedWith('entry.cjs'), ...loadedWith('start-part.cjs')]);
  for (const needed of ['async bringUp(', 'async function up(', 'async function run('])
    assert.ok(textOf('start-part.cjs').includes(needed), needed);
  for (const part of ['relay', 'server', 'mqtt-link', 'x509', 'pino-pretty'])
    assert.ok(!files.has(`${part}-part.cjs`), `what hosts loads ${part}`);
});

test('nor for parts of Node that only later work needs', () => {
  const files = new Set([...loadedWith('entry.cjs'), ...loadedWith('start-part.cjs')]);
  for (const file of files)
    for (const part of ['fs/promises', 'zlib', 'http', 'https', 'tls'])
      assert.ok(!textOf(file).includes(`require("node:${part}")`), `${file}: ${part}`);
});

test('what only asks loads nothing of that', () => {
  assert.ok(!loadedWith('entry.cjs').has('start-part.cjs'));
  for (const command of ['program', 'query', 'command', 'logs', 'events', 'alerts', 'incidents'])
    assert.ok(!loadedWith(`${command}-part.cjs`).has('start-part.cjs'), command);
});
