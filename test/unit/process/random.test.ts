/** Random names, wherever they are drawn from. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const RANDOM = new URL('../../../src/process/random.js', import.meta.url).href;

/** Draws more than it draws at once, with `before` done to the file system. */
function draw(before: string): string[] {
  const program = `
    const fs = process.getBuiltinModule('node:fs');
    const { syncBuiltinESMExports } = process.getBuiltinModule('node:module');
    ${before}
    syncBuiltinESMExports();
    const { randomHex } = await import(${JSON.stringify(RANDOM)});
    for (let drawn = 0; drawn < 2000; drawn++) console.log(randomHex());`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  return stdout.trim().split('\n');
}

for (const [where, before] of [
  ['as it is', ''],
  ['without a source', `fs.openSync = () => { throw new Error('EMFILE'); };`],
  ['of a source that gives one byte', 'fs.readSync = () => 1;'],
  [
    'of a source that gives an odd number',
    `const { readSync } = fs; fs.readSync = (fd, to) => readSync(fd, to, 0, 1003);`,
  ],
] as const)
  test(`names differ, ${where}`, () => {
    const names = draw(before);
    assert.equal(new Set(names).size, 2000);
    for (const name of names) assert.match(name, /^[0-9a-f]{16}$/);
  });
