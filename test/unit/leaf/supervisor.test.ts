import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { systemClock } from '../../../src/core/clock.js';
import { Supervisor } from '../../../src/leaf/supervisor.js';
import { markedProcesses } from '../../../src/process/marked.js';
import { processAlive, signalProcess } from '../../../src/process/signals.js';
import { groupOf, lives } from '../../../src/process/stat.js';
import { readRecord } from '../../../src/process/target-record.js';
import { until } from '../../support/wait.js';
import { workDir } from '../process/support.js';
import { STEADY, STUBBORN, shell, supervise, targetSpec } from './support.js';

const markedOnes = (mark: string): number[] | null => {
  const found = markedProcesses(mark) ?? [];
  return found.length > 0 ? found : null;
};

const output = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

test('start, stop: the process lives in between, and is gone with its group', async t => {
  const { supervisor, spec, phases, reaches, dispatch } = await supervise(t, STEADY);
  assert.equal(supervisor.model.phase, 'stopped');
  dispatch('start');
  const { pid } = await reaches('running');
  assert.ok(pid !== null && processAlive(pid));
  dispatch('stop');
  const { signal, exitCode, reason } = await reaches('stopped');
  assert.deepEqual([signal, exitCode, reason], ['SIGTERM', null, 'stop by ops; killed by SIGTERM']);
  assert.deepEqual(markedProcesses(spec.mark), []);
  assert.deepEqual(phases, ['starting', 'running', 'stopping', 'stopped']);
});

test('what ignores the stop signal is killed when the grace period is over', async t => {
  const { spec, reaches, dispatch } = await supervise(t, STUBBORN, { graceMs: 50 });
  dispatch('start');
  await until(async () => (await output(spec.outputFile)).includes('ready'));
  dispatch('stop');
  assert.equal((await reaches('stopped')).signal, 'SIGKILL');
});

test('what crashes is started again: at once, then after a wait that grows', async t => {
  const { supervisor, phases, dispatch } = await supervise(t, shell('exit 3'));
  dispatch('start');
  const model = await supervisor.when(now => (now.generation === 4 && now.phase === 'backoff' ? now : null));
  assert.deepEqual(
    [model.exitCode, model.reason.replace(/0\.0(3[6-9]|4) s$/, '36 to 40 ms')],
    [3, 'exited with code 3; restart 4 in a row after 36 to 40 ms'],
  );
  const run = ['starting', 'running'];
  assert.deepEqual(phases, [...run, ...run, 'backoff', ...run, 'backoff', ...run, 'backoff']);
});

test('what ends as it may is left so', async t => {
  const clean = await supervise(t, shell('exit 0'), { restart: 'on-failure' });
  clean.dispatch('start');
  assert.equal((await clean.reaches('exited')).exitCode, 0);
  const broken = await supervise(t, shell('kill -9 $$'), { restart: 'never' });
  broken.dispatch('start');
  assert.equal((await broken.reaches('failed')).signal, 'SIGKILL');
});

test('what cannot be started says why, and is tried again like a crash', async t => {
  const { supervisor, phases, reaches, dispatch } = await supervise(t, ['/nowhere/no-such-program']);
  dispatch('start');
  const { reason, pid } = await reaches('backoff');
  assert.match(
    reason,
    /^cannot start "\/nowhere\/no-such-program": not found, or not executable \(ENOENT\); restart 2 in a row/,
  );
  assert.deepEqual([pid, phases], [null, ['starting', 'backoff']]);
  assert.equal(supervisor.signal('SIGHUP'), false);
});

test('a launch comes before its tale, which is told in order, and whole where the leaf goes', async t => {
  const one = await supervise(t, STEADY);
  one.dispatch('start');
  assert.deepEqual(one.phases, [], 'not yet');
  await one.reaches('running');
  assert.deepEqual(one.phases, ['starting', 'running']);
  const spec = targetSpec(await workDir(t), STEADY);
  const left = new Supervisor(spec, systemClock);
  const told: string[] = [];
  left.onChange(({ phase }) => told.push(phase));
  left.dispatch({ type: 'start', by: 'ops' });
  left.leave();
  assert.deepEqual(told, ['starting']);
  for (const pid of await until(() => markedOnes(spec.mark))) signalProcess(pid, 'SIGKILL');
  const shim = readRecord(one.spec.dataDir)?.keeper ?? 0;
  signalProcess(shim, 'SIGSTOP');
  const slow = await supervise(t, STEADY);
  slow.dispatch('start');
  await until(() => slow.phases.length > 0);
  assert.deepEqual([slow.phases, slow.supervisor.model.phase], [['starting'], 'starting']);
  signalProcess(shim, 'SIGCONT');
  await slow.reaches('running');
});

test('a stop while it is being started leaves no process behind', async t => {
  const { spec, pids, reaches, dispatch } = await supervise(t, STEADY);
  dispatch('start');
  dispatch('stop');
  await reaches('stopped');
  assert.equal(pids.length, 1);
  assert.deepEqual(markedProcesses(spec.mark), []);
});

test('a restart is another process; a start while it stops is one too', async t => {
  const { supervisor, pids, reaches, dispatch } = await supervise(t, STEADY);
  dispatch('start');
  await reaches('running');
  dispatch('restart');
  await supervisor.when(model => (model.generation === 2 && model.phase === 'running' ? true : null));
  dispatch('stop');
  dispatch('start');
  await supervisor.when(model => (model.generation === 3 && model.phase === 'running' ? true : null));
  assert.equal(new Set(pids).size, 3);
  assert.deepEqual(pids.map(lives), [false, false, true]);
});

test('what a crashed target leaves in its group goes before it is started again', async t => {
  const { spec, reaches, dispatch } = await supervise(t, shell('sleep 3600 & echo $!; exit 1'), {
    restart: 'never',
  });
  dispatch('start');
  await reaches('failed');
  const orphan = Number(await output(spec.outputFile));
  assert.ok(orphan > 1);
  await until(() => !processAlive(orphan), 5000, 'the orphan is gone');
});

test('output is kept across runs, stdout and stderr', async t => {
  const { supervisor, spec, dispatch } = await supervise(t, shell('echo out; echo err >&2; exit 1'));
  dispatch('start');
  await supervisor.when(model => (model.phase === 'backoff' ? true : null));
  assert.equal(await output(spec.outputFile), 'out\nerr\nout\nerr\n');
});

test('a target leads its own group: timeout, which would make one, passes on the stop signal', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async t => {
  const { spec, supervisor, reaches, dispatch } = await supervise(t, ['timeout', '5000', 'sleep', '7001']);
  dispatch('start');
  const { pid } = await reaches('running');
  assert.deepEqual([groupOf(pid as number), supervisor.group], [pid, pid]);
  dispatch('stop');
  await reaches('stopped');
  assert.equal(lives(pid as number), false);
  assert.deepEqual(markedProcesses(spec.mark), []);
});
