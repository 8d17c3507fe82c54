import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureDirectory } from '../../../src/process/directory.js';

test('makes what is missing, twice without harm, and many at once', async t => {
  const top = mkdtempSync(join(tmpdir(), 'canopy-dir-'));
  t.after(() => rmSync(top, { recursive: true }));
  const deep = join(top, 'a', 'b', 'c');
  await Promise.all([
    ensureDirectory(deep),
    ensureDirectory(join(top, 'a', 'b', 'd')),
    ensureDirectory(deep),
  ]);
  assert.ok(statSync(deep).isDirectory());
});

test('says why it cannot', async t => {
  const top = mkdtempSync(join(tmpdir(), 'canopy-dir-'));
  t.after(() => rmSync(top, { recursive: true }));
  writeFileSync(join(top, 'file'), '');
  await assert.rejects(ensureDirectory(join(top, 'file')), { code: 'ENOTDIR' });
  await assert.rejects(ensureDirectory(join(top, 'file', 'below')), { code: 'ENOTDIR' });
});

test('comes back from where Node’s own recursive mkdir never does', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async () => {
  await assert.rejects(ensureDirectory('/proc/nowhere/at/all'), { code: 'ENOENT' });
});
