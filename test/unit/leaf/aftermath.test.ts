/** What a leaf says of a command that an earlier one had begun when it was killed. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Desired } from '../../../src/core/facts.js';
import { aftermath } from '../../../src/leaf/aftermath.js';
import { DesiredState } from '../../../src/leaf/desired.js';
import type { Stage } from '../../../src/node/memory.js';
import { STEADY, supervise } from './support.js';

const interrupted = { code: 'interrupted' };

/** A supervisor, what is desired of it, and what it says of a command that was begun with these facts. */
async function place(t: TestContext, meant: Desired) {
  const supervised = await supervise(t, STEADY);
  const desired = new DesiredState(supervised.spec.dataDir);
  desired.set(meant);
  const of = (op: string, data?: Record<string, unknown>) =>
    aftermath(
      supervised.supervisor,
      desired,
    )({ id: 'a', op, status: 'running', done: false, ...(data && { data }) } as Stage);
  return { ...supervised, desired, of };
}

describe('a stop', () => {
  test('that is carried on has succeeded when it is done', async t => {
    const { supervisor, dispatch, reaches, of } = await place(t, 'stopped');
    dispatch('start');
    await reaches('running');
    dispatch('stop');
    assert.deepEqual(await of('stop'), { exitCode: null, signal: 'SIGTERM', resumed: true });
    assert.equal(supervisor.model.phase, 'stopped');
  });
  test('whose target is gone has succeeded', async t => {
    const { of } = await place(t, 'stopped');
    assert.deepEqual(await of('stop'), { exitCode: null, signal: null, resumed: true });
  });
  test('that was not even meant yet is interrupted', async t => {
    const { dispatch, reaches, of } = await place(t, 'running');
    dispatch('start');
    await reaches('running');
    await assert.rejects(of('stop'), interrupted);
  });
  test('that a later start overtakes is superseded', async t => {
    const { dispatch, reaches, of } = await place(t, 'stopped');
    dispatch('start');
    await reaches('running');
    dispatch('stop');
    const end = of('stop');
    dispatch('start');
    await assert.rejects(end, { code: 'superseded' });
  });
});

describe('a start', () => {
  test('has succeeded when the target runs', async t => {
    const { supervisor, dispatch, of } = await place(t, 'running');
    dispatch('start');
    assert.deepEqual(await of('start'), { pid: supervisor.model.pid, resumed: true });
  });
  test('that was not even meant yet is interrupted', async t => {
    await assert.rejects((await place(t, 'stopped')).of('start'), interrupted);
  });
  test('may be asked about before the target is started', async t => {
    const { supervisor, dispatch, of } = await place(t, 'running');
    const end = of('start');
    dispatch('start');
    assert.deepEqual(await end, { pid: supervisor.model.pid, resumed: true });
  });
  test('is superseded where it is stopped before that', async t => {
    const { desired, dispatch, of } = await place(t, 'running');
    const end = of('start');
    desired.set('stopped');
    dispatch('stop');
    await assert.rejects(end, { code: 'superseded' });
  });
});

describe('a restart', () => {
  test('has succeeded where another process runs than when it began', async t => {
    const { supervisor, dispatch, of } = await place(t, 'running');
    dispatch('start');
    assert.deepEqual(await of('restart', { phase: 'running', pid: 1 }), {
      pid: supervisor.model.pid,
      previousPid: 1,
      resumed: true,
    });
    const { pid } = supervisor.model;
    assert.deepEqual(await of('restart', { pid: null }), { pid, previousPid: null, resumed: true });
  });
  test('is interrupted where it is the same, where nothing says which it was, or it was not meant', async t => {
    const { supervisor, dispatch, reaches, of } = await place(t, 'running');
    dispatch('start');
    await reaches('running');
    await assert.rejects(of('restart', { pid: supervisor.model.pid }), interrupted);
    await assert.rejects(of('restart'), interrupted);
    await assert.rejects((await place(t, 'stopped')).of('restart', { pid: 1 }), interrupted);
  });
});

test('whether a signal was sent, nobody knows', async t => {
  await assert.rejects((await place(t, 'running')).of('signal'), interrupted);
});
