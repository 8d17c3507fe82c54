/** Which files of the bundled command line a command loads: a target waits for all that come before it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DIR = new URL('../../src/cli/', import.meta.url);
const IMPORT = /^(?:import|export)\b[^;]*?["']\.\/([\w-]+\.js)["'];/gm;

/** All that is loaded with a file, itself included. */
function loadedWith(first: string): Set<string> {
  const found = new Set<string>();
  const left = [first];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const text = readFileSync(fileURLToPath(new URL(name, DIR)), 'utf8');
    left.push(...Array.from(text.matchAll(IMPORT), ([, other]) => other as string));
  }
  return found;
}

test('what hosts nodes has what its targets need in one file, and waits for no broker, REST or terminal', () => {
  for (const command of ['up', 'run']) {
    const files = loadedWith(`${command}-part.js`);
    assert.ok(files.has('start-part.js'), command);
    for (const part of ['relay', 'server', 'mqtt-link', 'x509', 'pino-pretty'])
      assert.ok(!files.has(`${part}-part.js`), `${command} loads ${part}`);
  }
});

test('what only asks loads nothing of that', () => {
  for (const command of ['program', 'query', 'command', 'logs', 'events', 'alerts', 'incidents'])
    assert.ok(!loadedWith(`${command}-part.js`).has('start-part.js'), command);
});
