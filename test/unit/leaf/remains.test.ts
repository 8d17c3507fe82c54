import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock } from '../../../src/core/clock.js';
import { clearRemains } from '../../../src/leaf/remains.js';
import { Run } from '../../../src/leaf/run.js';
import { Supervisor } from '../../../src/leaf/supervisor.js';
import { Cgroup } from '../../../src/process/cgroup.js';
import { enterCgroup } from '../../../src/process/entering.js';
import { bootId } from '../../../src/process/identity.js';
import { markedProcesses } from '../../../src/process/marked.js';
import { signalProcess } from '../../../src/process/signals.js';
import { groupOf, lives } from '../../../src/process/stat.js';
import { systemProgram } from '../../../src/process/system-program.js';
import { writeToken, writeWho } from '../../../src/process/target-file.js';
import { readRecord } from '../../../src/process/target-record.js';
import { until } from '../../support/wait.js';
import { Place } from '../process/target-support.js';
import { STEADY, supervise, targetSpec } from './support.js';

const skip = process.platform !== 'linux' && 'needs /proc';
const ESCAPING = [
  'sh',
  '-c',
  'setsid sh -c "trap \\"\\" TERM; echo \\$\\$; exec sleep 3600" & exec sleep 3600',
];
const childOf = (place: Place) => until(() => Number(/^\d+\n/.exec(place.text('target.log'))?.[0]));

for (const kind of ['a cgroup', 'a mark alone']) {
  test(`a child in a session of its own is gone, found by ${kind}`, { skip }, async t => {
    const place = await Place.open(t);
    const cgroup = kind === 'a cgroup' ? Cgroup.named(place.mark) : null;
    if (kind === 'a cgroup' && cgroup === null) return t.skip('needs a cgroup v2 that may be written to');
    const target = await place.launch(ESCAPING);
    const child = await childOf(place);
    if (cgroup) assert.ok(await enterCgroup(cgroup, { ...target, mark: place.mark }).inside);
    const from = performance.now();
    process.kill(target.pid, 'SIGTERM');
    await clearRemains({ group: target.group, cgroup, outside: cgroup === null, mark: place.mark }, 300);
    assert.ok(performance.now() - from >= 300, 'it had its time to end by itself');
    assert.deepEqual([lives(target.pid), lives(child)], [false, false]);
    await cgroup?.remove();
  });
}

test('a supervisor stops a child in a session of its own as well', { skip }, async t => {
  for (const adopting of [true, false]) {
    const { supervisor, spec, reaches, dispatch } = await supervise(t, ESCAPING, { graceMs: 200 });
    if (adopting) assert.notEqual(await supervisor.adopt(), 'running');
    dispatch('start');
    const text = () => readFileSync(spec.outputFile, 'utf8');
    await reaches('running');
    const child = await until(() => Number(/^\d+\n/.exec(text())?.[0]));
    assert.ok(lives(child));
    dispatch('stop');
    await reaches('stopped');
    assert.equal(lives(child), false);
  }
});

test('a target whose record is lost or spoilt gets no twin: it goes before another is started', {
  skip,
}, async t => {
  for (const spoil of [
    (file: string) => rmSync(file),
    (file: string) => truncateSync(file, 60),
    (file: string) => writeFileSync(file, '\0'.repeat(169)),
    (file: string) => writeFileSync(file, '4711 nonsense\n'),
  ]) {
    const place = await Place.open(t);
    const spec = { ...targetSpec(place.dir, STEADY), mark: place.mark };
    const first = new Supervisor(spec, systemClock);
    first.dispatch({ type: 'start', by: 'the test' });
    const { pid } = await first.when(model => (model.phase === 'running' ? model : null));
    // Running is said before the shell has become the target: only then it has the mark.
    await until(() => markedProcesses(spec.mark)?.includes(pid as number));
    first.leave();
    spoil(place.path('target.run'));
    const next = new Supervisor(spec, systemClock);
    assert.notEqual(await next.adopt(), 'running');
    assert.ok(!lives(pid as number));
    next.dispatch({ type: 'start', by: 'the test' });
    const { pid: second } = await next.when(model => (model.phase === 'running' ? model : null));
    const copies = await until(() =>
      markedProcesses(spec.mark)?.length ? markedProcesses(spec.mark) : null,
    );
    assert.deepEqual(copies, [second]);
    next.dispatch({ type: 'stop', by: 'the test' });
    await next.when(model => (model.phase === 'stopped' ? model : null));
  }
});

test('what a record of old names is not killed, where it is not ours', { skip }, async t => {
  const place = await Place.open(t);
  const stranger = await place.launch(STEADY);
  for (const [start, boot] of [
    ['1', await bootId()],
    ['1', '00000000-0000-0000-0000-000000000000'],
  ]) {
    const { supervisor, spec } = await supervise(t, STEADY);
    writeToken(spec.dataDir, 'token', 'launch');
    writeWho(spec.dataDir, `${stranger.pid} ${start} ${boot} token ${stranger.group} 1 1`);
    assert.equal(readRecord(spec.dataDir)?.pid, stranger.pid);
    assert.notEqual(await supervisor.adopt(), 'running');
    assert.ok(lives(stranger.pid) && lives(stranger.group));
  }
});

test('a daemon that its target leaves within a moment, before anybody could look, is gone after a stop', {
  skip,
}, async t => {
  const lingers = `setsid sh -c 'trap "" TERM; exec sleep 3600' & exit 0`;
  for (const restart of ['never', 'always'] as const) {
    const { spec, supervisor, dispatch } = await supervise(t, ['sh', '-c', lingers], {
      restart,
      graceMs: 100,
    });
    dispatch('start');
    await supervisor.when(model => (model.phase === 'exited' || model.generation > 2 ? true : null));
    if (restart === 'always') dispatch('stop');
    await supervisor.when(model => (model.phase === 'exited' || model.phase === 'stopped' ? true : null));
    assert.deepEqual(markedProcesses(spec.mark), []);
  }
});

/** Who sleeps for so many seconds. */
const sleepers = (seconds: number): number[] =>
  readdirSync('/proc').flatMap(name => {
    try {
      const isOne =
        /^\d/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8') === `sleep\0${seconds}\0`;
      return isOne && lives(Number(name)) ? [Number(name)] : [];
    } catch {
      return []; // it went in the meantime
    }
  });

test('a daemon without mark or parents, of the first moment of a run, is gone after a stop, and after each restart', {
  skip: skip || ((systemProgram('perl') === null || Cgroup.named('x') === null) && 'needs perl and a cgroup'),
}, async t => {
  for (const restarts of [0, 4]) {
    // Nobody else's.
    const seconds = 1_000_000 + process.pid * 10 + restarts;
    const daemon = `(env -i setsid sleep ${seconds} &)`;
    t.after(() => sleepers(seconds).map(pid => signalProcess(pid, 'SIGKILL')));
    const rest = restarts === 0 ? 'exec sleep 3600' : 'sleep 0.05; exit 1';
    const { supervisor, spec, dispatch, reaches } = await supervise(t, ['sh', '-c', `${daemon}; ${rest}`]);
    dispatch('start');
    await supervisor.when(({ generation }) => (generation > restarts ? true : null));
    await until(() => sleepers(seconds).length > 0);
    dispatch('stop');
    await reaches('stopped');
    assert.deepEqual(sleepers(seconds), [], `after ${restarts} restarts`);
    await supervisor.close();
    assert.equal(existsSync(Cgroup.named(`canopy-${spec.mark}`)?.path ?? ''), false);
  }
});

test('nor is a cgroup left of a launch that came to nothing', { skip }, async t => {
  const { supervisor, spec, dispatch, reaches } = await supervise(t, ['/nowhere/program'], {
    restart: 'never',
  });
  dispatch('start');
  await supervisor.when(({ phase }) => (phase !== 'starting' ? true : null));
  dispatch('stop');
  await reaches('stopped');
  await supervisor.close();
  assert.equal(existsSync(Cgroup.named(`canopy-${spec.mark}`)?.path ?? ''), false);
});

test('whoever left the group hears of a stop once the target is gone, and whoever is in it hears once', {
  skip,
}, async t => {
  for (const cgroup of [true, false]) {
    const place = await Place.open(t);
    const group = cgroup ? Cgroup.named(place.mark) : null;
    const [apart, within] = ['apart', 'within'].map(
      name =>
        `sh -c 'trap "echo ${name} heard it" TERM; echo ${name} listens; while :; do sleep 60 & wait; done' & `,
    );
    const target = await place.launch(['sh', '-c', `setsid ${apart}${within}exec sleep 3600`]);
    const run = new Run(target, group, place.mark);
    await until(() => place.text('target.log').split('listens').length === 3);
    run.stop('SIGTERM');
    await run.ended();
    await run.clear(500, 'SIGTERM');
    const heard = place
      .text('target.log')
      .split('\n')
      .filter(line => line.endsWith('heard it'));
    assert.deepEqual(heard.sort(), ['apart heard it', 'within heard it']);
    assert.deepEqual(markedProcesses(place.mark), []);
    await group?.remove();
  }
});

test('a child that has dropped the mark, in a session of its own, is gone after a stop without a cgroup', {
  skip,
}, async t => {
  const place = await Place.open(t);
  for (const [how, child] of [
    ['stop', 'exec sleep 3600'],
    ['stop', 'trap \\"\\" TERM; exec sleep 3600'],
    ['kill', 'exec sleep 3600'],
  ] as const) {
    const mark = `${place.mark}-${how}`;
    const script = `env -i setsid sh -c "echo \\$\\$; ${child.replaceAll('\\"', "'")}" & exec sleep 3600`;
    writeFileSync(place.path('target.log'), '');
    const target = await place.launch(['sh', '-c', script]);
    const run = new Run(target, null, mark);
    const pid = await childOf(place);
    await until(() => groupOf(pid) === pid && !(markedProcesses(place.mark) ?? []).includes(pid));
    t.after(() => signalProcess(pid, 'SIGKILL'));
    if (how === 'stop') run.stop('SIGTERM');
    else run.kill();
    await run.ended();
    await run.clear(50);
    assert.equal(lives(pid), false, `${how}: ${child}`);
  }
});
