import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { processAlive } from '../../../src/process/signals.js';
import { asCommand } from '../../../src/protocol/commands.js';
import { until } from '../../support/wait.js';
import { planFor, STEADY, type Supervised, shell, supervise } from './support.js';

const run = ({ supervisor, spec }: Supervised, op: string, more: object = {}) => {
  const carryOut = planFor(supervisor, spec.dataDir)(asCommand({ op, by: 'ops', ...more }));
  return carryOut(() => {}) as Promise<Record<string, unknown>>;
};
describe('refused at once', async () => {
  const CASES: [string, object, string, RegExp][] = [
    ['restart', { args: { hard: true } }, 'bad-argument', /"restart" takes no arguments, found "hard"/],
    ['start', { args: { x: 1 } }, 'bad-argument', /found "x"/],
    ['stop', { args: { x: 1 } }, 'bad-argument', /found "x"/],
    ['ping', { args: { x: 1 } }, 'bad-argument', /found "x"/],
    ['signal', {}, 'bad-argument', /such as HUP, TERM or USR1, found none/],
    ['signal', { args: { signal: 'BANG' } }, 'bad-argument', /found "BANG"/],
    ['signal', { args: { signal: ['HUP'] } }, 'bad-argument', /found \["HUP"\]/],
    ['signal', { args: { signal: null } }, 'bad-argument', /found null/],
    ['signal', { args: { signal: 0 } }, 'bad-argument', /found 0/],
    ['signal', { args: { signal: 'HUP', pid: 1 } }, 'bad-argument', /takes signal, found "pid"/],
    ['restart', { select: { all: true } }, 'bad-argument', /nothing below it/],
    ['restart', { pick: 'all' }, 'bad-argument', /nothing below it/],
    ['logs', { select: { all: true } }, 'bad-argument', /nothing below it/],
    ['scale', {}, 'unsupported-op', /is for a relay or the root; this node takes start, stop/],
    ['forget', {}, 'unsupported-op', /is for a relay or the root/],
    ['fly', {}, 'unknown-op', /there is no command "fly"/],
    [
      'maintenance',
      { args: { mode: 'maybe' } },
      'bad-argument',
      /mode: expected one of on, off, found "maybe"/,
    ],
    ['dance', {}, 'unknown-op', /there is no command "dance"/],
  ];
  for (const [op, more, code, message] of CASES) {
    test(`${op} ${JSON.stringify(more)}`, async t => {
      const target = await supervise(t, STEADY);
      assert.throws(() => planFor(target.supervisor, target.spec.dataDir)(asCommand({ op, ...more })), {
        code,
        message,
      });
      assert.equal(target.phases.length, 0);
    });
  }
});

test('start, restart, stop answer with what became of it', async t => {
  const target = await supervise(t, STEADY);
  assert.deepEqual(await run(target, 'ping'), { phase: 'stopped', pid: null });
  const { pid } = (await run(target, 'start')) as { pid: number };
  assert.ok(processAlive(pid));
  assert.deepEqual(await run(target, 'start'), { pid, unchanged: true });
  const again = await run(target, 'restart');
  assert.deepEqual(again, { pid: target.supervisor.model.pid, previousPid: pid });
  assert.notEqual(again?.pid, pid);
  assert.deepEqual(await run(target, 'stop'), { exitCode: null, signal: 'SIGTERM' });
  assert.deepEqual(await run(target, 'stop'), { exitCode: null, signal: 'SIGTERM' });
});

test('start and restart while it is being started are answered by that very run', async t => {
  const target = await supervise(t, STEADY);
  const answers = await Promise.all([run(target, 'start'), run(target, 'start'), run(target, 'restart')]);
  const { pid } = target.supervisor.model;
  assert.deepEqual(answers, [{ pid }, { pid }, { pid, previousPid: null }]);
  assert.equal(target.pids.length, 1);
});

test('what a later command overtook is superseded', async t => {
  const target = await supervise(t, STEADY);
  const superseded = { code: 'superseded' };
  const start = run(target, 'start');
  const stop = run(target, 'stop');
  await assert.rejects(start, superseded);
  await stop;
  await run(target, 'start');
  const stopping = run(target, 'stop');
  const starting = run(target, 'start');
  await assert.rejects(stopping, superseded);
  assert.equal((await starting)?.pid, target.supervisor.model.pid);
});

test('what cannot be started fails with the reason', async t => {
  const target = await supervise(t, ['/nowhere/no-such-program'], {
    backoffMinMs: 60_000,
    backoffMaxMs: 60_000,
  });
  for (const op of ['start', 'restart'])
    await assert.rejects(run(target, op), { code: 'spawn-failed', message: /cannot start .* not found/ });
});

test('a signal reaches the target, and is refused where there is none', async t => {
  const target = await supervise(t, shell('trap "exit 9" USR1; echo ready; while :; do sleep 0.01; done'), {
    restart: 'never',
  });
  await assert.rejects(run(target, 'signal', { args: { signal: 'HUP' } }), {
    code: 'not-running',
    message: /stopped/,
  });
  const { pid } = (await run(target, 'start')) as { pid: number };
  const { readFile } = await import('node:fs/promises');
  await until(async () => (await readFile(target.spec.outputFile, 'utf8')).includes('ready'));
  assert.deepEqual(await run(target, 'signal', { args: { signal: 'usr1' } }), { signal: 'SIGUSR1', pid });
  assert.equal((await target.reaches('failed')).exitCode, 9);
});
