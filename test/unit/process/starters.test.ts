import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { compiled, program, workDir } from './support.js';

const run = promisify(execFile);
const COUNT = 8;
const many = (dir: string): string[] => [
  process.execPath,
  program('many'),
  compiled('src/process/launch.js'),
  dir,
  String(COUNT),
];
const codes = JSON.stringify(Array.from({ length: COUNT }, (_, nth) => nth));

/** In a mount namespace where it is another program. */
const replaced = (file: string): string[] => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `mount --bind /bin/false ${file} && exec "$@"`,
  'sh',
];
const canReplace = spawnSync('unshare', ['--mount', 'true']).status === 0;

for (const [what, before] of [
  ['as the system is', []],
  ['where Perl does not work', replaced('/usr/bin/perl')],
] as const)
  test(`many at once are all started, ${what}`, {
    skip: before.length > 0 && !canReplace && 'needs a mount namespace',
  }, async t => {
    const [file = '', ...args] = [...before, ...many(await workDir(t))];
    const { stdout } = await run(file, args, { timeout: 30_000 });
    assert.equal(stdout.trim(), codes);
  });

for (const [what, kill] of [
  ['under a shim', false],
  ['of which the shim was killed', true],
] as const)
  test(`without a descriptor left nobody is taken for gone, and nobody goes unwatched: targets ${what}`, {
    skip: process.platform !== 'linux' && 'needs /proc',
  }, async t => {
    const args = [process.execPath, program('scarce'), dirname(compiled('src/process')), await workDir(t)];
    const command = ['sh', '-c', 'ulimit -n 256; exec "$@"', 'sh', ...args, ...(kill ? ['kill'] : [])];
    const { stdout } = await run(command[0] as string, command.slice(1), { timeout: 60_000 });
    // The third is killed meanwhile. Of those whose shim was killed nobody knows how they ended.
    const how = kill ? null : 'SIGKILL';
    assert.deepEqual(JSON.parse(stdout), [how, how, 'early', how]);
  });
