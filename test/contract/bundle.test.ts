/** Which files of the bundled command line a command loads: a target waits for all that come before it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DIR = new URL('../../src/cli/', import.meta.url);
/** At once, not where it is wanted later (`import()` in the source). */
const REQUIRE = /^(?:(?:const|let|var) [\w$]+ = )?(?:\w+\()?require\("\.\/([\w-]+\.cjs)"\)/gm;

/** Parts of Node that no target waits for. */
const WAITING = 'assert crypto dns/promises fs/promises http https perf_hooks tls worker_threads'.split(' ');

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

test('nor for parts of Node that only later work needs', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-bundle-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  // Ends where the first target would be launched, and says what has been loaded by then.
  writeFileSync(
    join(dir, 'hook.cjs'),
    `const children = require('node:child_process');
    const { spawn } = children;
    const before = new Set(process.moduleLoadList);
    children.spawn = (...how) => {
      const shim = spawn(...how);
      shim.stdin.write = () => {
        shim.kill('SIGKILL');
        const loaded = process.moduleLoadList.filter(name => !before.has(name));
        require('node:fs').writeSync(1, loaded.join('\\n'));
        process.reallyExit(0);
      };
      return shim;
    };`,
  );
  const tree = 'name: root\nport: 0\nrest_port: 0\nchildren: [{ name: leaf, target: sleep 3600 }]\n';
  writeFileSync(join(dir, 'tree.yaml'), tree);
  const words = ['-r', join(dir, 'hook.cjs'), fileURLToPath(new URL('canopy.cjs', DIR)), 'up'];
  const { stdout } = spawnSync(process.execPath, words, { cwd: dir, encoding: 'utf8' });
  const loaded = stdout.split('\n');
  assert.ok(loaded.includes('NativeModule os'), stdout);
  for (const part of WAITING) assert.ok(!loaded.includes(`NativeModule ${part}`), part);
});

test('what only asks loads nothing of that', () => {
  assert.ok(!loadedWith('entry.cjs').has('start-part.cjs'));
  for (const command of ['program', 'query', 'command', 'logs', 'events', 'alerts', 'incidents'])
    assert.ok(!loadedWith(`${command}-part.cjs`).has('start-part.cjs'), command);
});
