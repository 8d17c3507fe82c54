import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readPrivate, writePrivate } from '../../../src/identity/private-files.js';
import { place } from './support.js';

test('is written for its owner alone, in a directory for its owner alone, whole, over what was there', t => {
  const file = join(place(t), 'pki', 'ca.key');
  writePrivate(file, 'a longer text');
  writePrivate(file, 'a text');
  assert.equal(readPrivate(file), 'a text');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(dirname(file)), ['ca.key']);
});

test('what cannot be put in its place leaves nothing behind', t => {
  const file = join(place(t), 'pki', 'ca.key');
  mkdirSync(file, { recursive: true });
  assert.throws(() => writePrivate(file, 'x'));
  assert.deepEqual(readdirSync(dirname(file)), ['ca.key']);
});

test('what others can read or write is refused, naming file and mode', t => {
  const file = join(place(t), 'access.json');
  writeFileSync(file, 'x');
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666, 0o777]) {
    chmodSync(file, mode);
    assert.throws(
      () => readPrivate(file),
      (error: { code?: string; message: string }) =>
        error.code === 'loose-permissions' &&
        error.message.includes(file) &&
        error.message.includes(`0${mode.toString(8)}`),
      mode.toString(8),
    );
  }
  for (const mode of [0o600, 0o400, 0o700]) {
    chmodSync(file, mode);
    assert.equal(readPrivate(file), 'x');
  }
});

test('a pipe, a directory and a file beyond all reason are refused at once', t => {
  const dir = place(t);
  const pipe = join(dir, 'pipe');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  assert.throws(() => readPrivate(pipe), { code: 'bad-identity-file' });
  assert.throws(() => readPrivate(dir), { code: 'bad-identity-file' });
  const large = join(dir, 'large');
  writePrivate(large, '');
  truncateSync(large, 16 * 1024 * 1024 + 1);
  assert.throws(() => readPrivate(large), { code: 'bad-identity-file' });
  assert.equal(readFileSync(large).length, 16 * 1024 * 1024 + 1);
});

test('what root writes for a node of another user is that of its directory', {
  skip: process.getuid?.() !== 0,
}, t => {
  const dir = place(t);
  chownSync(dir, 12_345, 23_456);
  const file = join(dir, 'pki', 'ca.key');
  writePrivate(file, 'x');
  for (const path of [dirname(file), file]) {
    const { uid, gid } = statSync(path);
    assert.deepEqual([uid, gid], [12_345, 23_456]);
  }
});
