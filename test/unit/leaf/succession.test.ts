/** A target that ends when its restart is certain: the next one is there before this process has heard of it, and is taken as its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/core/clock.js';
import type { TargetPolicy } from '../../../src/core/phases.js';
import { Run } from '../../../src/leaf/run.js';
import { Supervisor } from '../../../src/leaf/supervisor.js';
import { adoptTarget } from '../../../src/process/adopt.js';
import { Cgroup } from '../../../src/process/cgroup.js';
import { markedProcesses } from '../../../src/process/marked.js';
import { signalProcess } from '../../../src/process/signals.js';
import type { Exit } from '../../../src/process/spawn.js';
import { lives, statOf } from '../../../src/process/stat.js';
import { systemProgram } from '../../../src/process/system-program.js';
import { readTargetFile } from '../../../src/process/target-file.js';
import { readRecord } from '../../../src/process/target-record.js';
import { until } from '../../support/wait.js';
import { workDir } from '../process/support.js';
import { children } from '../process/target-support.js';
import { STEADY, STUBBORN, shell, supervise, targetSpec } from './support.js';

const skip =
  (systemProgram('perl') === null || Cgroup.named('x') === null) && 'needs perl, and cgroups to make';

const sleeper = new Int32Array(new SharedArrayBuffer(4));
/** Nothing of this process runs meanwhile; false where it did not come to that in 5 s. */
function blindUntil(look: () => boolean): boolean {
  for (const end = performance.now() + 5000; performance.now() < end; Atomics.wait(sleeper, 0, 0, 1))
    if (look()) return true;
  return false;
}

/** It bears its mark once it has become the target, which it is told to be just before. */
async function marked(mark: string, pid: number): Promise<number[]> {
  await until(() => markedProcesses(mark)?.includes(pid));
  return markedProcesses(mark) ?? [];
}

/** One that runs, and after which another one is ordered. */
async function ready(t: TestContext, words = STEADY, policy: Partial<TargetPolicy> = {}) {
  const one = await supervise(t, words, policy);
  one.dispatch('start');
  const { pid } = await one.reaches('running');
  const { dataDir } = one.spec;
  const token = (): string | null | undefined => readTargetFile(dataDir)?.token;
  const first = readRecord(dataDir)?.token;
  await until(() => first && token() !== first, 5000, 'the token of the next one is good');
  const recorded = (): number => readRecord(dataDir)?.pid ?? 0;
  /** Its end, and the next one there, of which this process has not heard. */
  const followed = (name: NodeJS.Signals = 'SIGKILL'): number => {
    signalProcess(pid as number, name);
    assert.ok(
      blindUntil(() => recorded() !== pid && (statOf(recorded())?.state ?? 'Z') !== 'Z'),
      'it follows',
    );
    return recorded();
  };
  return { ...one, pid: pid as number, dataDir, token, recorded, followed };
}

test('what follows is the next run: with its reason, its history, and an end of its own', {
  skip,
}, async t => {
  const { supervisor, spec, phases, pids, pid, followed, token } = await ready(t, STEADY, { settleMs: 300 });
  let outputEnded = 0;
  Object.assign(spec.output, { ended: () => (outputEnded += 1) });
  const next = followed();
  assert.deepEqual([supervisor.model.pid, lives(pid)], [pid, false]);
  const model = await supervisor.when(now => (now.pid === next ? now : null));
  assert.deepEqual(
    [model.phase, model.generation, model.history.streak, model.reason, supervisor.group],
    ['running', 2, 1, 'killed by SIGKILL; restarted at once', next],
  );
  assert.deepEqual(
    [phases, pids],
    [
      ['starting', 'running', 'starting', 'running'],
      [pid, next],
    ],
  );
  assert.deepEqual([await marked(spec.mark, next), outputEnded], [[next], 0], 'its output goes on');
  // Once it has settled, it has a successor as well.
  const own = token();
  await until(() => token() !== own);
  signalProcess(next, 'SIGTERM');
  const third = await supervisor.when(now => (now.generation === 3 && now.phase === 'running' ? now : null));
  assert.equal(third.reason, 'killed by SIGTERM; restarted at once');
});

test('one that comes though a stop was meant goes too', { skip }, async t => {
  const { spec, pid, followed, dispatch, reaches, phases } = await ready(t);
  const next = followed();
  dispatch('stop');
  const { reason } = await reaches('stopped');
  assert.equal(reason, 'stop by ops; killed by SIGTERM');
  assert.deepEqual([lives(pid), lives(next), markedProcesses(spec.mark)], [false, false, []]);
  assert.deepEqual(phases, ['starting', 'running', 'stopping', 'stopped']);
});

test('after a restart, or where the leaf goes, none follows of itself', { skip }, async t => {
  const stubborn = shell('trap "" TERM; while :; do sleep 0.01; done');
  const one = await ready(t, stubborn);
  one.dispatch('restart');
  signalProcess(one.pid, 'SIGKILL');
  // Whoever ends now, ends for good: its leaf, that sees nothing yet, has said so.
  assert.equal(
    blindUntil(() => !lives(one.pid)),
    true,
  );
  assert.equal(one.recorded(), one.pid);
  await one.supervisor.when(now => (now.generation === 2 && now.phase === 'running' ? now : null));
  const spec = targetSpec(await workDir(t), STEADY);
  const left = new Supervisor(spec, systemClock);
  left.dispatch({ type: 'start', by: 'ops' });
  const { pid } = await left.when(now => (now.phase === 'running' ? now : null));
  const first = readRecord(spec.dataDir)?.token;
  await until(() => readTargetFile(spec.dataDir)?.token !== first);
  left.leave();
  signalProcess(pid as number, 'SIGKILL');
  // Their shim does one thing after the other: by then it has done this one.
  await until(() => readTargetFile(spec.dataDir)?.end);
  await ready(t);
  assert.equal(readRecord(spec.dataDir)?.pid, pid);
  const found = await adoptTarget(spec.dataDir);
  assert.ok(found && 'ended' in found);
  assert.equal(found.ended?.signal, 'SIGKILL');
});

test('none is ordered of one that is being stopped', { skip }, async t => {
  const { reaches, dispatch, spec } = await supervise(t, STUBBORN, { graceMs: 400 });
  dispatch('start');
  await reaches('running');
  const token = readTargetFile(spec.dataDir)?.token;
  // Its time has not come yet.
  dispatch('stop');
  await reaches('stopped');
  assert.equal(readTargetFile(spec.dataDir)?.token, token);
});

test('a code that a shell would take for a signal is taken for one, as it is by the policy', {
  skip,
}, async t => {
  const { followed } = await ready(t, STEADY, { restart: 'on-failure', exitCodes: [0, 137] });
  assert.ok(followed() > 1);
});

test('a record that is looked after does not come over that of what follows', { skip }, async t => {
  const { supervisor, dataDir, pid, followed } = await ready(t);
  await until(() => performance.now() - supervisor.model.startedAt > 800);
  // From here on timers come before what is heard.
  await new Promise(setImmediate);
  const next = followed();
  blindUntil(() => performance.now() - supervisor.model.startedAt > 1200);
  assert.equal(supervisor.model.pid, pid);
  await supervisor.when(now => (now.pid === next ? now : null));
  assert.equal(readRecord(dataDir)?.pid, next);
});

test('where what follows is held up, another one is started, and that never', { skip }, async t => {
  const { supervisor, spec, pid, dataDir } = await ready(t, shell('echo ran; exec sleep 3600'));
  const shim = readRecord(dataDir)?.keeper ?? 0;
  const spare = await until(() =>
    children(shim).find(one => one !== pid && readFileSync(`/proc/${one}/comm`, 'utf8') === 'canopy shim\n'),
  );
  signalProcess(spare, 'SIGSTOP');
  signalProcess(pid, 'SIGKILL');
  const next = await supervisor.when(now =>
    now.generation === 2 && now.phase === 'running' ? now.pid : null,
  );
  assert.notEqual(next, spare);
  signalProcess(spare, 'SIGCONT');
  await until(() => !lives(spare));
  assert.deepEqual(await marked(spec.mark, next as number), [next]);
});

test('a successor that cannot be started is a failed start, tried again by the policy', { skip }, async t => {
  const folder = await workDir(t);
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\nexec sleep 3600\n', { mode: 0o755 });
  const { supervisor, pid, reaches } = await ready(t, [program]);
  rmSync(program);
  signalProcess(pid, 'SIGKILL');
  const { reason, generation } = await reaches('backoff');
  assert.match(reason, /^cannot start .*: not found.*; restart 2 in a row/);
  assert.equal(generation, 2);
  writeFileSync(program, '#!/bin/sh\nexec sleep 3600\n', { mode: 0o755 });
  await supervisor.when(now => (now.phase === 'running' ? now : null));
});

test('a stop while what could not follow is cleared away leaves nothing for the next start', {
  skip,
}, async t => {
  const program = join(await workDir(t), 'program');
  writeFileSync(program, '#!/bin/sh\nexec sleep 3600\n', { mode: 0o755 });
  const { spec, pid, dispatch, reaches } = await ready(t, [program]);
  rmSync(program);
  Object.assign(spec.output, { ended: () => dispatch('stop') });
  signalProcess(pid, 'SIGKILL');
  const { generation } = await reaches('stopped');
  writeFileSync(program, '#!/bin/sh\nexec sleep 3600\n', { mode: 0o755 });
  Object.assign(spec.output, { ended: () => {} });
  dispatch('start');
  assert.equal((await reaches('running')).generation, generation + 1);
});

test('how long it ran does not depend on when this process hears of it', { skip }, async t => {
  const script = '[ -e once ] && { sleep 0.5; exit 0; }; touch once; exec sleep 3600';
  const dir = await workDir(t);
  const one = await ready(t, shell(`cd ${dir}; ${script}`), { restart: 'on-failure', startMs: 400 });
  const next = one.followed();
  assert.ok(blindUntil(() => !lives(next)));
  const { reason, generation } = await one.reaches('exited');
  assert.deepEqual([reason, generation], ['exited with code 0; restart=on-failure', 2]);
});

test('nothing is ordered of one that came after its leaf went', { skip }, async t => {
  const spec = targetSpec(await workDir(t), STEADY);
  const left = new Supervisor(spec, systemClock);
  left.dispatch({ type: 'start', by: 'ops' });
  left.leave();
  const record = await until(() => readRecord(spec.dataDir));
  t.after(() => signalProcess(record.pid, 'SIGKILL'));
  await until(() => Cgroup.named(`canopy-${spec.mark}`)?.members().includes(record.pid));
  // They enter their cgroups one after the other.
  await ready(t);
  assert.equal(readTargetFile(spec.dataDir)?.token, record.token);
});

test('nothing is ordered of one that ends as it comes into its cgroup', { skip }, async t => {
  const cgroup = Cgroup.named(`canopy-test-${process.pid}`) as Cgroup;
  const child = spawn('sleep', ['3600'], { detached: true });
  const pid = child.pid as number;
  t.after(async () => {
    child.kill('SIGKILL');
    await until(() => !lives(pid));
    await cgroup.remove();
  });
  const ordered: string[] = [];
  let end = (): void => {};
  const running = (name: string) => ({
    ...{ pid, group: pid, startTicks: statOf(pid)?.startTicks ?? null, startedAt: 0 },
    exited: new Promise<Exit>(resolve => {
      end = () => resolve({ code: 0, signal: null });
    }),
    succeed: () => {
      ordered.push(name);
      return null;
    },
  });
  const run = new Run(running('ends'), cgroup, 'nobody');
  run.follow({ afterMs: 0, unless: [], longest: 1 });
  while (!cgroup.members().includes(pid)) await new Promise(setImmediate);
  end();
  await run.ended();
  const other = new Run(running('goes on'), cgroup, 'nobody');
  other.follow({ afterMs: 0, unless: [], longest: 1 });
  await until(() => ordered.includes('goes on'));
  assert.deepEqual(ordered, ['goes on']);
});

test('with the shim killed in that moment, there is one of it', { skip }, async t => {
  const { supervisor, spec, dataDir, followed } = await ready(t);
  const shim = readRecord(dataDir)?.keeper ?? 0;
  const next = followed();
  signalProcess(shim, 'SIGKILL');
  const model = await supervisor.when(now => (now.generation === 2 && now.phase === 'running' ? now : null));
  assert.equal(model.pid, next);
  assert.deepEqual(await marked(spec.mark, next as number), [next]);
});
