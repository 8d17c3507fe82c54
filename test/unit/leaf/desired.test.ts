import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DesiredState } from '../../../src/leaf/desired.js';
import { until } from '../../support/wait.js';

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
    const told: string[] = [];
    assert.equal(new DesiredState(dir, 'running', message => told.push(message)).get(), 'running');
    const found = JSON.stringify(text.trim());
    assert.deepEqual(told, [`${dir}/desired: expected "running" or "stopped", found ${found}`]);
  }
});

test('where there is no room for another file the word goes over the other', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-desired-'));
  t.after(() => rm(dir, { recursive: true }));
  new DesiredState(dir).set('running');
  await mkdir(join(dir, 'desired.new'));
  new DesiredState(dir).set('stopped');
  assert.equal(new DesiredState(dir).get(), 'stopped');
});

test('a word has its room before anybody says one: it goes over what is there where the disk is full', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-desired-'));
  t.after(() => rm(dir, { recursive: true }));
  const state = new DesiredState(dir);
  await until(() => existsSync(join(dir, 'desired')));
  const told: string[] = [];
  const warn = (message: string) => told.push(message);
  // It says nothing: what is set for a first start holds.
  for (const first of ['running', 'stopped'] as const)
    assert.equal(new DesiredState(dir, first, warn).get(), first);
  await mkdir(join(dir, 'desired.new'));
  state.set('stopped');
  assert.deepEqual([new DesiredState(dir, 'running', warn).get(), told], ['stopped', []]);
});

test('what cannot be written is no error, is told, and written once it can be', async t => {
  const dir = await mkdtemp(join(tmpdir(), 'canopy-desired-'));
  t.after(() => rm(dir, { recursive: true }));
  const told: string[] = [];
  const state = new DesiredState(join(dir, 'later'), 'running', message => told.push(message));
  state.set('stopped');
  assert.match(told[0] ?? '', /^"stopped" is known until this leaf ends, and tried again: ENOENT/);
  await mkdir(join(dir, 'later'));
  await until(() => told.length > 1);
  assert.deepEqual(
    [told[1], new DesiredState(join(dir, 'later')).get()],
    ['"stopped" is on disk', 'stopped'],
  );
});
