import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DesiredState } from '../../../src/leaf/desired.js';

test('running until said otherwise; what was said survives reopening', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-desired-'));
  t.after(() => rm(dir, { recursive: true }));
  const get = () => new DesiredState(dir).get();
  assert.equal(get(), 'running');
  for (const state of ['stopped', 'stopped', 'running', 'stopped'] as const) {
    new DesiredState(dir).set(state);
    assert.equal(get(), state);
  }
  for (const text of ['', '\n', 'nonsense', 'stop']) {
    await writeFile(join(dir, 'desired'), text);
    assert.equal(get(), 'running', JSON.stringify(text));
  }
});

test('what cannot be written is no error', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-desired-'));
  t.after(() => rm(dir, { recursive: true }));
  await mkdir(join(dir, 'desired.new'));
  new DesiredState(dir).set('stopped');
  new DesiredState(join(dir, 'gone')).set('stopped');
  assert.equal(new DesiredState(dir).get(), 'running');
});
