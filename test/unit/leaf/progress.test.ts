import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { asCommand } from '../../../src/protocol/commands.js';
import { until } from '../../support/wait.js';
import { planFor, STEADY, STUBBORN, supervise } from './support.js';

test('a stop that waits says so, and how long the grace still is; one that is quick says nothing', async t => {
  for (const [words, told] of [
    [STUBBORN, 1],
    [STEADY, 0],
  ] as const) {
    const { supervisor, spec, dispatch, reaches } = await supervise(t, [...words], { graceMs: 1400 });
    dispatch('start');
    const { pid } = await reaches('running');
    if (told) await until(() => readFileSync(spec.outputFile, 'utf8') === 'ready\n');
    const far: Record<string, unknown>[] = [];
    await planFor(supervisor, spec.dataDir)(asCommand({ op: 'stop' }))(data => far.push(data));
    assert.deepEqual(
      far.map(({ graceLeft, ...rest }) => rest),
      told ? [{ phase: 'stopping', pid }] : [],
    );
    const left = Number(far[0]?.graceLeft ?? 0.4);
    assert.ok(left >= 0 && left <= 0.4, `${left} s of 1.4 after one`);
    assert.equal(supervisor.graceLeftMs, null);
  }
});

test('one that is cut short ends with the reason, at once', async t => {
  const { supervisor, spec, dispatch, reaches } = await supervise(t, STUBBORN, { graceMs: 60_000 });
  dispatch('start');
  await reaches('running');
  await until(() => readFileSync(spec.outputFile, 'utf8') === 'ready\n');
  const plan = planFor(supervisor, spec.dataDir);
  const cut = new AbortController();
  const restart = plan(asCommand({ op: 'restart' }))(() => {}, cut.signal);
  const why = new Error('enough');
  cut.abort(why);
  await assert.rejects(restart, why);
});
