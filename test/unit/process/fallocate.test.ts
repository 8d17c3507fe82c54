/** Room in files: reserved behind their ends, given back from their middle. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { punch, reserve } from '../../../src/process/fallocate.js';
import { mountSmall } from '../../support/full-disk.js';
import { workDir } from './support.js';

const skip = process.platform !== 'linux' && 'needs fallocate(1)';

test('blocks are reserved and given back, and the size stays as it is', { skip }, async t => {
  const file = join(await workDir(t), `it's a "file"`);
  const text = 'x'.repeat(20_000);
  writeFileSync(file, text);
  const blocks = (): number => statSync(file).blocks * 512;
  assert.equal(await reserve(file, 20_000, 1024 * 1024), 'done');
  assert.ok(blocks() >= 1024 * 1024, `${blocks()} bytes`);
  assert.equal(statSync(file).size, 20_000);
  const reserved = blocks();
  assert.equal(await punch(file, 0, 8192), true);
  assert.ok(blocks() <= reserved - 8192);
  assert.equal(readFileSync(file, 'latin1'), '\0'.repeat(8192) + text.slice(8192));
});

test('what cannot be done is said, and the next call is served', { skip }, async t => {
  const dir = await workDir(t);
  const file = join(dir, 'file');
  writeFileSync(file, 'x'.repeat(8192));
  const calls = [punch(join(dir, 'none'), 0, 4096), punch(file, 0, 4096), reserve(dir, 0, 4096)];
  assert.deepEqual(await Promise.all(calls), [false, true, 'failed']);
  assert.equal(await reserve(join(dir, 'none'), 0, 4096), 'failed');
});

test('no room is told from all else', { skip }, async t => {
  const dir = mountSmall(t);
  if (dir === null) return t.skip('needs to mount a tmpfs');
  writeFileSync(join(dir, 'file'), 'x');
  assert.equal(await reserve(join(dir, 'file'), 1, 1024 * 1024), 'full');
});
