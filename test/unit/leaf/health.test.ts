/** What probes and limits do to a real target under its supervisor. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { initialTarget } from '../../../src/core/phases.js';
import type { Finding, ProbePolicies } from '../../../src/core/probes.js';
import { type HealthSpec, HealthWatch } from '../../../src/leaf/health.js';
import type { Supervisor } from '../../../src/leaf/supervisor.js';
import { targetMemory } from '../../../src/leaf/target-memory.js';
import { until } from '../../support/wait.js';
import { STEADY, supervise, UNPROBED } from './support.js';

const M = 1024 ** 2;
const policy = (failures: number) => ({ intervalMs: 20, timeoutMs: 1000, failures, successes: 1 });

async function watched(t: TestContext, words: string[], spec: Partial<HealthSpec>) {
  const told: Finding[] = [];
  const hold: { supervisor?: Supervisor } = {};
  const watch = new HealthWatch(
    { ...UNPROBED, memoryMs: 20, ...spec },
    {
      rss: async () => (hold.supervisor ? targetMemory(hold.supervisor) : null),
      unhealthy: reason => hold.supervisor?.dispatch({ type: 'unhealthy', reason }),
      told: now => told.push(now),
    },
  );
  const target = await supervise(t, words, { graceMs: 500 }, (now, before) => watch.changed(now, before));
  hold.supervisor = target.supervisor;
  t.after(() => watch.end());
  return { ...target, watch, told };
}

const answering = (policies: ProbePolicies, passes: () => boolean): Partial<HealthSpec> => ({
  policies,
  look: async () => ({ passed: passes(), found: 'so it was' }),
});

test('without probes and limits it passes while it runs, and nothing is told', async t => {
  const { watch, told, dispatch, reaches } = await watched(t, STEADY, {});
  dispatch('start');
  await reaches('running');
  assert.deepEqual(watch.now, { health: 'passing', reason: null });
  dispatch('stop');
  await reaches('stopped');
  assert.deepEqual(watch.now, { health: 'unknown', reason: null });
  assert.deepEqual(told, []);
});

test('a target that is not alive is restarted by the policy, with the reason', async t => {
  let passes = false;
  const { watch, told, pids, dispatch, reaches, supervisor } = await watched(
    t,
    STEADY,
    answering({ liveness: policy(2) }, () => passes),
  );
  dispatch('start');
  await until(() => pids.length === 2);
  passes = true;
  assert.match(
    supervisor.model.reason,
    /^liveness probe failed 2 times in a row: so it was; restarted at once$/,
  );
  assert.equal(told[0]?.health, 'warning');
  await reaches('running');
  await until(() => watch.now.health === 'passing');
});

test('one that does not start is restarted, and is not asked whether it is ready before', async t => {
  const { dispatch, reaches, supervisor, told } = await watched(
    t,
    STEADY,
    answering({ startup: policy(2), readiness: policy(1) }, () => false),
  );
  const failed = reaches('backoff');
  dispatch('start');
  assert.match((await failed).reason, /^startup probe failed 2 times in a row/);
  assert.ok(
    told.every(({ health }) => health === 'unknown'),
    'readiness has not been asked',
  );
  supervisor.dispatch({ type: 'stop', by: 'ops' });
});

test('one that is not ready is failing, and is never restarted', async t => {
  let passes = true;
  const { watch, pids, dispatch } = await watched(
    t,
    STEADY,
    answering({ readiness: policy(2) }, () => passes),
  );
  dispatch('start');
  await until(() => watch.now.health === 'passing');
  passes = false;
  await until(() => watch.now.health === 'failing');
  assert.equal(watch.now.reason, 'readiness probe failed 2 times in a row: so it was');
  passes = true;
  await until(() => watch.now.health === 'passing');
  assert.equal(pids.length, 1);
});

/** Grows by 8 MB every 100 ms, up to so many; half of it in a child. */
const growing = (most: number): string[] => {
  const grow = `const kept = []; setInterval(() => kept.length * 4 < ${most / 2} && kept.push(Buffer.alloc(4 * ${M}, 1)), 100)`;
  const quoted = `${process.execPath} -e '${grow}'`;
  return ['sh', '-c', `${quoted} & ${quoted}`];
};
const skip = process.platform !== 'linux' && 'needs /proc';

test('a target that grows is warned of, and restarted over its limit', { skip }, async t => {
  const limits = { warn: 150 * M, max: 250 * M };
  const { told, pids, dispatch, supervisor } = await watched(t, growing(2000), { limits });
  dispatch('start');
  await until(() => pids.length === 2, 30_000);
  assert.match(supervisor.model.reason, /^rss \d+(\.\d)? MB over memory_max 250 MB; restarted at once$/);
  const [first] = told;
  assert.equal(first?.health, 'warning');
  assert.match(first?.reason ?? '', /^rss \d+(\.\d)? MB over memory_warn 150 MB$/);
  assert.equal(told.filter(({ health }) => health === 'warning').length, 1, 'told once');
});

test('all processes of its group count', { skip }, async t => {
  const { watch, dispatch } = await watched(t, growing(200), { limits: { warn: 230 * M, max: null } });
  dispatch('start');
  // Each of the two has 100 MB and what Node itself needs.
  await until(() => watch.now.health === 'warning', 30_000);
});

test('what cannot be measured is no reason to end, and is measured again', async t => {
  const answers = [() => Promise.reject(new Error('EMFILE')), async () => null, async () => 300];
  const told: Finding[] = [];
  const watch = new HealthWatch(
    { ...UNPROBED, memoryMs: 5, limits: { warn: 200, max: null } },
    {
      rss: () => (answers.length > 1 ? answers.shift() : answers[0])?.() ?? Promise.resolve(null),
      unhealthy: () => assert.fail('over no limit'),
      told: now => told.push(now),
    },
  );
  t.after(() => watch.end());
  watch.changed({ ...initialTarget, phase: 'running', pid: 7 }, initialTarget);
  await until(() => told.length > 0);
  assert.deepEqual(told, [{ health: 'warning', reason: 'rss 300 bytes over memory_warn 200 bytes' }]);
});
