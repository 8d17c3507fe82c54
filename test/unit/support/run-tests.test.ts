import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('../../support/run-tests.js', import.meta.url));

function runOf(...names: string[]): { code: number | null; said: string } {
  const dir = mkdtempSync(join(tmpdir(), 'runs-'));
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const files = names.map(name => join('test/fixtures/tests', `${name}.js`));
  const { status, stdout } = spawnSync(process.execPath, [RUN, ...files], {
    env: { ...env, FAILS_ONCE: join(dir, 'ran') },
    encoding: 'utf8',
  });
  rmSync(dir, { recursive: true });
  return { code: status, said: stdout };
}

/** What is said of files at the end. */
const told = (said: string, what: string): string[] => {
  const [, list = ''] = said.split(`\n${what}:\n`);
  return Array.from(
    list.split('\n\n')[0]?.matchAll(/(\S+)\.js/g) ?? [],
    ([, name]) => name?.split('/').at(-1) ?? '',
  );
};

test('all that passes is run once', () => {
  const { code, said } = runOf('passes');
  assert.equal(code, 0, said);
  assert.doesNotMatch(said, /alone/);
});

test('what fails is run once more, alone: it has failed, or is named as unsteady', () => {
  const { code, said } = runOf('passes', 'fails', 'fails-once', 'breaks-once');
  assert.equal(code, 1, said);
  assert.deepEqual(told(said, 'once more, alone'), ['fails', 'fails-once', 'breaks-once']);
  assert.deepEqual(told(said, 'unsteady: failed beside others, and passed alone'), [
    'fails-once',
    'breaks-once',
  ]);
  assert.deepEqual(told(said, 'failed'), ['fails']);
});

test('where all of it passes then, nothing has failed', () => {
  const { code, said } = runOf('fails-once');
  assert.equal(code, 0, said);
});

test('many that fail are not bad luck', () => {
  const { code, said } = runOf('fails-once', ...Array<string>(5).fill('fails'), 'breaks-once');
  assert.equal(code, 1, said);
  assert.doesNotMatch(said, /alone/);
});
