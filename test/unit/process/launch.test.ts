import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { adoptTarget } from '../../../src/process/adopt.js';
import { bootId, processIdentity } from '../../../src/process/identity.js';
import { markedProcesses } from '../../../src/process/marked.js';
import { signalGroup, signalProcess } from '../../../src/process/signals.js';
import { type RunningProcess, SpawnError } from '../../../src/process/spawn.js';
import { groupOf, lives, statOf } from '../../../src/process/stat.js';
import { systemProgram } from '../../../src/process/system-program.js';
import { END_BYTES, TOKEN_BYTES, WHO_BYTES, writeToken } from '../../../src/process/target-file.js';
import {
  exitFrom,
  readExit,
  readRecord,
  recordFate,
  type TargetRecord,
  writeRecord,
} from '../../../src/process/target-record.js';
import { until } from '../../support/wait.js';
import { compiled, oneFile, program } from './support.js';
import { children, Place, reach } from './target-support.js';

const skip = process.platform !== 'linux' && 'needs /proc';
const sh = (script: string): string[] => ['sh', '-c', script];
/** The lines before the one that says who it is. */
const head = `${'token'.padEnd(TOKEN_BYTES - 1)}\n${' '.repeat(END_BYTES - 1)}\n`;
const running = async (place: Place) => {
  const found = await adoptTarget(place.dir);
  assert.ok(found && 'running' in found, JSON.stringify(found));
  return found.running;
};

/** One whose shim was killed, and that is not told of as ended for longer than any look at it takes. */
async function watchedAlone(place: Place, meanwhile = (): void => {}): Promise<RunningProcess> {
  const target = await place.launch(['sleep', '3600']);
  let ended = false;
  void target.exited.then(() => (ended = true));
  const shim = shimOf(place);
  meanwhile();
  signalProcess(shim, 'SIGKILL');
  await until(() => !lives(shim));
  await pause(1500);
  assert.deepEqual([ended, lives(target.pid)], [false, true]);
  return target;
}

describe('launched', { skip, concurrency: 2 }, () => {
  test('exit codes and signals are those of the target', async t => {
    const place = await Place.open(t);
    const ends = [
      ['exit 0', { code: 0, signal: null }],
      ['exit 7', { code: 7, signal: null }],
      ['exit 125', { code: 125, signal: null }],
      ['exit 127', { code: 127, signal: null }],
      ['exit 255', { code: 255, signal: null }],
      ['kill -TERM $$', { code: null, signal: 'SIGTERM' }],
      ['kill -KILL $$', { code: null, signal: 'SIGKILL' }],
      ['ulimit -c 0; kill -SEGV $$', { code: null, signal: 'SIGSEGV' }],
      ['kill -HUP $$', { code: null, signal: 'SIGHUP' }],
    ] as const;
    for (const [script, exit] of ends)
      assert.deepEqual(await (await place.launch(sh(script))).exited, exit, script);
    // What a shell says of TERM, and a JVM exits with after it.
    if (systemProgram('perl') !== null)
      assert.deepEqual(await (await place.launch(sh('exit 143'))).exited, { code: 143, signal: null });
    assert.equal(place.text('target.log'), '', 'nothing but what the target says');
  });

  test('a signal to the group reaches the target and is told as its end', async t => {
    const place = await Place.open(t);
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGALRM', 'SIGKILL'] as const) {
      const target = await place.launch(sh('ulimit -c 0; exec sleep 3600'));
      reach(target, name);
      assert.deepEqual(await target.exited, { code: null, signal: name }, name);
    }
    const handles = await place.launch(sh('trap "exit 9" TERM; echo ready; while :; do sleep 0.01; done'));
    await until(() => place.text('target.log').includes('ready'));
    signalGroup(handles.group, 'SIGTERM');
    assert.deepEqual(await handles.exited, { code: 9, signal: null });
  });

  test('what cannot be started is a SpawnError', async t => {
    const place = await Place.open(t);
    await writeFile(place.path('plain'), 'no program');
    await mkdir(place.path('folder'));
    const cases: [string[], string, { cwd?: string }?][] = [
      [['/nowhere/no-such-program'], 'ENOENT'],
      [['no-such-command', 'x'], 'ENOENT'],
      [[place.path('plain')], 'ENOENT'],
      [[place.path('folder')], 'ENOENT'],
      [['true'], 'ENOENT', { cwd: place.path('gone') }],
      [['true', 'a\0b'], 'EINVAL'],
      [['true', 'x'.repeat(200_000)], 'E2BIG'],
      [[], 'EINVAL'],
    ];
    for (const [words, errno, more] of cases)
      await assert.rejects(place.launch(words, more), (error: unknown) => {
        assert.ok(error instanceof SpawnError, String(error));
        assert.deepEqual([error.code, error.errno], ['spawn-failed', errno], error.message);
        return true;
      });
    assert.equal(place.text('target.log'), '');
    assert.equal(readRecord(place.dir), null);
  });

  test('the environment and the words are those that were given, to the byte', async t => {
    const place = await Place.open(t);
    const odd = {
      'a.b': '1',
      'x-y': 'two words',
      IFS: 'q',
      _cy: 'mine',
      EMPTY: '',
      LINES: 'a\nb',
      PWD: '/nonsense',
    };
    const { PATH } = process.env;
    for (const env of [{ PATH }, { PATH, PWD: place.dir }, { PATH, ...odd }]) {
      await writeFile(place.path('target.log'), '');
      const words = ['cat', '/proc/self/environ'];
      assert.deepEqual(await (await place.launch(words, { env })).exited, { code: 0, signal: null });
      const seen = place.text('target.log').split('\0').filter(Boolean).sort();
      assert.deepEqual(
        seen,
        Object.entries(env)
          .map(([name, value]) => `${name}=${value}`)
          .sort(),
      );
    }
    await writeFile(place.path('target.log'), '');
    const words = ['', ' ', '*', '$HOME', '`id`', "it's", '-n', 'a\nb', 'ü', '\\'];
    await (await place.launch(['printf', '[%s]', ...words])).exited;
    assert.equal(place.text('target.log'), words.map(word => `[${word}]`).join(''));
  });

  test('no descriptor of ours, no ignored signal, its own session; umask as asked', async t => {
    const place = await Place.open(t);
    const script = 'umask; ls /proc/self/fd | tr "\\n" " "; grep -E "Sig(Blk|Ign)" /proc/self/status; pwd';
    const env = { PATH: process.env.PATH };
    const target = await place.launch(sh(script), { umask: '027', cwd: '/', env });
    await target.exited;
    // Whatever this test itself has inherited is passed on; ls adds the directory that it reads.
    const plain = spawnSync('sh', ['-c', script], { env, cwd: '/', encoding: 'utf8' }).stdout;
    const fds = (text: string) => /^(\d+ )+/m.exec(text.slice(text.indexOf('\n') + 1))?.[0];
    assert.equal(fds(place.text('target.log')), fds(plain));
    assert.match(place.text('target.log'), /^0027\n[\d ]+ SigBlk:\t0+\nSigIgn:\t0+\n\/\n$/);
    await writeFile(place.path('target.log'), '');
    await (await place.launch(sh('umask'))).exited;
    assert.equal(Number.parseInt(place.text('target.log'), 8), process.umask());
  });

  test('killed -9, the target alone: known at once, and nothing is written among its lines', async t => {
    const place = await Place.open(t);
    const target = await place.launch(sh('echo ready; exec sleep 3600'));
    await until(() => place.text('target.log') === 'ready\n');
    signalProcess(target.pid, 'SIGKILL');
    assert.deepEqual(await target.exited, { code: null, signal: 'SIGKILL' });
    assert.equal(place.text('target.log'), 'ready\n');
    const { token = '' } = readRecord(place.dir) ?? {};
    assert.deepEqual(readExit(place.dir, token), { code: null, signal: 'SIGKILL' });
  });
});

// By itself: meanwhile nothing else of this process gets its turn.
test('100 at once all start, and all exits are told', { skip }, async t => {
  const places = await Promise.all(Array.from({ length: 100 }, () => Place.open(t)));
  const from = performance.now();
  const all = await Promise.all(places.map((place, index) => place.launch(sh(`exit ${index}`))));
  t.diagnostic(`100 launched in ${Math.round(performance.now() - from)} ms`);
  const exits = await Promise.all(all.map(target => target.exited));
  assert.deepEqual(
    exits.map(exit => exit.code),
    exits.map((_, index) => index),
  );
});

describe('adopted', { skip, concurrency: 2 }, () => {
  test('a living target of a launcher that was killed -9: the same one, its exit code known', async t => {
    const place = await Place.open(t);
    const { pid, group } = await place.orphan(
      sh('trap "exit 42" USR1; echo ready; while :; do sleep 0.01; done'),
    );
    await until(() => place.text('target.log').includes('ready'));
    await pause(150);
    const from = performance.now();
    const adopted = await running(place);
    t.diagnostic(`adopted in ${(performance.now() - from).toFixed(1)} ms`);
    assert.deepEqual([adopted.pid, adopted.group], [pid, group]);
    const age = Date.now() - adopted.startedAt;
    assert.ok(age >= 100 && age < 30_000, `it has run for ${age} ms`);
    signalGroup(adopted.group, 'SIGUSR1');
    assert.deepEqual(await adopted.exited, { code: 42, signal: null });
  });

  test('twice over: the token of the second does not hide the exit', async t => {
    const place = await Place.open(t);
    const { pid } = await place.orphan(['sleep', '3600']);
    const [first, second] = [await running(place), await running(place)];
    assert.deepEqual([first.pid, second.pid], [pid, pid]);
    signalProcess(pid, 'SIGTERM');
    for (const { exited } of [first, second])
      assert.deepEqual(await exited, { code: null, signal: 'SIGTERM' });
  });

  test('one that ended meanwhile: how is known', async t => {
    for (const [end, exit] of [
      ['exit 5', { code: 5, signal: null }],
      ['kill -9 $$', { code: null, signal: 'SIGKILL' }],
    ] as const) {
      const place = await Place.open(t);
      const { pid, group } = await place.orphan(
        sh(`while [ ! -e ${place.path('go')} ]; do sleep 0.01; done; ${end}`),
      );
      await pause(100);
      await writeFile(place.path('go'), '');
      await until(() => !lives(pid));
      const found = await adoptTarget(place.dir);
      assert.ok(found && 'ended' in found && found.ended);
      const { ranMs, ...how } = found.ended;
      assert.deepEqual([how, found.group], [{ ...exit, fate: null }, group]);
      assert.ok(ranMs >= 100 && ranMs < 20_000, `it ran for ${ranMs} ms`);
    }
  });

  test('where nothing was ever started, or the record is no record: nothing', async t => {
    const place = await Place.open(t);
    assert.equal(await adoptTarget(place.dir), null);
    const other = await (await Place.open(t)).launch(['sleep', '3600']);
    const it = await processIdentity(other.pid);
    const whole = `${other.pid} ${it?.startTime} ${it?.bootId} token ${other.group} 7 1`;
    for (const text of [
      '',
      '\n',
      ' '.repeat(WHO_BYTES - 1).concat('\n'),
      'nonsense\n',
      '\0'.repeat(WHO_BYTES),
      whole.slice(0, 20),
      whole.padEnd(WHO_BYTES), // no line break: cut off
      `${`1 ${whole.slice(whole.indexOf(' ') + 1)}`.padEnd(WHO_BYTES - 1)}\n`,
      `${`-5 ${whole.slice(whole.indexOf(' ') + 1)}`.padEnd(WHO_BYTES - 1)}\n`,
      `${`${whole} more`.padEnd(WHO_BYTES - 1)}\n`,
      `${whole.replace(/\d+$/, 'x').padEnd(WHO_BYTES - 1)}\n`,
      `${whole.replace(/\d+$/, '0').padEnd(WHO_BYTES - 1)}\n`,
      `${whole}\n`, // not filled up
    ]) {
      await writeFile(place.path('target.run'), head + text + ' '.repeat(WHO_BYTES));
      assert.equal(await adoptTarget(place.dir), null, JSON.stringify(text));
    }
    await writeFile(place.path('target.run'), `${head}${whole.padEnd(WHO_BYTES - 1)}\n`);
    assert.equal((await running(place)).pid, other.pid, 'while a whole one of a living process is');
  });

  test('a pid that another process has by now, and a record of another boot, are none of ours', async t => {
    const place = await Place.open(t);
    const other = await place.launch(['sleep', '3600']);
    const { startTime = '', bootId: boot = '' } = (await processIdentity(other.pid)) ?? {};
    assert.equal(boot, await bootId());
    for (const [start, of] of [
      [String(Number(startTime) - 1), boot],
      [startTime, '00000000-0000-0000-0000-000000000000'],
    ]) {
      const who = `${other.pid} ${start} ${of} stale ${other.group} 7 1`;
      await writeFile(place.path('target.run'), `${head}${who.padEnd(WHO_BYTES - 1)}\n`);
      const found = await adoptTarget(place.dir);
      assert.ok(found && 'ended' in found);
      const how = found.ended && [found.ended.code, found.ended.signal];
      // What follows from an end is another matter after the machine went down.
      assert.deepEqual(how, of === boot ? [null, null] : null);
    }
    assert.ok(lives(other.pid));
  });

  test('one that its own leaf has stopped in order: nothing follows from that end, nor is a living one lost', async t => {
    const place = await Place.open(t);
    const target = await place.launch(['sleep', '3600']);
    const { pid, exited, group } = target;
    recordFate(place.dir, 'stopped');
    assert.equal((await running(place)).pid, pid);
    reach(target, 'SIGTERM');
    await exited;
    assert.deepEqual(await adoptTarget(place.dir), { ended: null, group });
    const again = await place.launch(['false']);
    await again.exited;
    const found = await adoptTarget(place.dir);
    assert.ok(found && 'ended' in found);
    assert.equal(found.ended?.code, 1, 'the next run is its own');
    recordFate((await Place.open(t)).dir, 'stopped');
  });

  test('nothing is written where nothing was ever launched', async t => {
    const place = await Place.open(t);
    assert.equal(await adoptTarget(place.dir), null);
    assert.deepEqual(readdirSync(place.dir), []);
  });

  test('room for all that is to be recorded is there before it runs, and is mended', async t => {
    const place = await Place.open(t);
    const target = await place.launch(['sleep', '3600']);
    const { size } = statSync(place.path('target.run'));
    assert.equal((await running(place)).pid, target.pid);
    reach(target, 'SIGKILL');
    await target.exited;
    assert.equal(statSync(place.path('target.run')).size, size);
    truncateSync(place.path('target.run'), 3);
    assert.equal(await adoptTarget(place.dir), null);
    assert.equal(statSync(place.path('target.run')).size, size);
  });

  test('looks of later leaves do not make an ended run a longer one', async t => {
    const place = await Place.open(t);
    const { pid } = await place.orphan(['sleep', '0.2']);
    await until(() => !lives(pid));
    const found = [];
    for (let leaf = 0; leaf < 3; leaf++) {
      found.push(await adoptTarget(place.dir));
      await pause(300);
    }
    const ran = found.map(it => (it && 'ended' in it ? (it.ended?.ranMs ?? 0) : 0));
    t.diagnostic(`ran ${ran.join(', ')} ms`);
    // To the moment between its launch and the birth of its shell; the looks are further apart.
    assert.ok(Math.min(...ran) > 0 && Math.max(...ran) - Math.min(...ran) <= 100, ran.join());
  });

  test('an exit recorded under another token is not taken for this one', async t => {
    const place = await Place.open(t);
    const ended = (text: string): void => {
      writeToken(place.dir, 'token', 'launch');
      const file = openSync(place.path('target.run'), 'r+');
      writeSync(
        file,
        text.replace('\n', '').padEnd(END_BYTES - 1) + (text.endsWith('\n') ? '\n' : ' '),
        TOKEN_BYTES,
      );
      closeSync(file);
    };
    ended('older 3\n');
    assert.equal(readExit(place.dir, 'newer'), null);
    assert.deepEqual(readExit(place.dir, 'older'), { code: 3, signal: null });
    for (const cut of ['older 3', 'older\n', 'older x\n', 'older =\n', '\n']) {
      ended(cut);
      assert.equal(readExit(place.dir, 'older'), null, cut);
    }
    const table: [string, number | null, string | null][] = [
      ['137', null, 'SIGKILL'],
      ['128', 128, null],
      ['255', 255, null],
      ['=137', 137, null],
      ['=0', 0, null],
      ['-9', null, 'SIGKILL'],
      ['-64', 192, null],
    ];
    for (const [status, code, signal] of table) assert.deepEqual(exitFrom(status), { code, signal }, status);
  });

  test('a launcher that is killed in a burst: what had begun runs, and nobody was killed by its silence', async t => {
    const places = await Promise.all(Array.from({ length: 30 }, () => Place.open(t)));
    const dirs = places.map(place => place.dir).join();
    for (let round = 0; round < 4; round++) {
      const launcher = spawn(process.execPath, [program('burst'), compiled('src/process/launch.js'), dirs]);
      await until(() => places.filter(place => readRecord(place.dir) !== null).length > round * 6);
      launcher.kill('SIGKILL');
      await new Promise(resolve => launcher.once('exit', resolve));
      for (const place of places) {
        const found = await adoptTarget(place.dir);
        if (found && 'ended' in found) assert.notEqual(found.ended?.signal, 'SIGPIPE');
        if (found && 'running' in found) {
          signalProcess(found.running.pid, 'SIGKILL');
          assert.deepEqual(await found.running.exited, { code: null, signal: 'SIGKILL' });
        }
      }
    }
  });

  test('a record that a late wrapper has written over is put right', async t => {
    const place = await Place.open(t);
    const target = await place.launch(['sleep', '3600']);
    const record = readRecord(place.dir) as TargetRecord;
    writeRecord(place.dir, { ...record, pid: target.pid + 1, token: 'f'.repeat(16) });
    await until(() => readRecord(place.dir)?.token === record.token);
    assert.deepEqual(readRecord(place.dir), record);
    signalProcess(target.pid, 'SIGKILL');
    await target.exited;
  });

  test('a launch where one lives that was lost sight of: that one, and no twin', async t => {
    const place = await Place.open(t);
    const { pid } = await place.orphan(['sleep', '3600']);
    const launched = await place.launch(['sleep', '3600']);
    assert.equal(launched.pid, pid);
    // It bears its mark from when it has begun.
    await until(() => markedProcesses(place.mark)?.length !== 0);
    assert.deepEqual(markedProcesses(place.mark), [pid]);
    signalProcess(pid, 'SIGTERM');
    assert.deepEqual(await launched.exited, { code: null, signal: 'SIGTERM' });
  });

  test('its shim stopped by somebody: it is continued, and tells', async t => {
    const place = await Place.open(t);
    const { pid } = await place.orphan(sh('echo ready; while [ ! -e go ]; do sleep 0.01; done; exit 42'));
    await until(() => place.text('target.log') === 'ready\n');
    const shim = readRecord(place.dir)?.keeper ?? 0;
    signalProcess(shim, 'SIGSTOP');
    signalProcess(pid, 'SIGTERM');
    await until(() => !lives(pid));
    const found = await adoptTarget(place.dir);
    assert.ok(found && 'ended' in found);
    assert.equal(found.ended?.signal, 'SIGTERM');
  });

  test('whenever the next leaf comes: it finds the target, or there is none', async t => {
    const seen = { found: 0, overtaken: 0 };
    for (let round = 0; round < 40; round++) {
      const place = await Place.open(t);
      const launched = place.launch(['sleep', '3600']).catch(error => error as Error);
      // The leaf that wrote it is dead by the time of the next: what comes is up to its wrapper.
      await until(() => existsSync(place.path('target.run')) && place.text('target.run').trim() !== '');
      await pause(round % 10);
      const found = await adoptTarget(place.dir);
      const target = await launched;
      if (target instanceof Error) {
        seen.overtaken += 1;
        // Found in the moment between its record and its look at the token, it ends as one that is gone.
        if (found && 'running' in found) await found.running.exited;
        await until(() => (markedProcesses(place.mark) ?? []).length === 0, 5000, 'no target');
      } else if (found && 'running' in found) {
        seen.found += 1;
        assert.equal(found.running.pid, target.pid);
        reach(target, 'SIGKILL');
      } else {
        reach(target, 'SIGKILL');
        assert.fail(`round ${round}: the target lives and was not found`);
      }
    }
    t.diagnostic(JSON.stringify(seen));
  });
});

const shimOf = (place: Place): number => readRecord(place.dir)?.keeper ?? 0;
const shared = async (t: TestContext) => {
  const place = await Place.open(t);
  const target = await place.launch(['sleep', '3600']);
  t.after(async () => {
    reach(target, 'SIGKILL');
    await target.exited;
  });
  return { place, target, shim: shimOf(place) };
};

function cameTo(place: Place, found: RunningProcess | Error): 'told' | 'started' {
  if (!(found instanceof Error)) assert.equal(readRecord(place.dir)?.pid, found.pid);
  assert.ok((markedProcesses(place.mark) ?? []).length <= 1, 'no twin');
  assert.ok(!existsSync(place.path('target.log')) || place.text('target.log').split('ran').length <= 2);
  return found instanceof Error ? 'told' : 'started';
}

/** As soon as it is there, and `ms` later: nothing of this process runs meanwhile. */
function killNewChild(parent: number, known: readonly number[], ms: number): boolean {
  let child: number | undefined;
  for (const end = performance.now() + 30; child === undefined && performance.now() < end; )
    child = children(parent).find(pid => !known.includes(pid));
  for (const end = performance.now() + ms; performance.now() < end; );
  return child !== undefined && signalProcess(child, 'SIGKILL');
}

/** Of its children the one that still has its name, in a session of its own; a target has, too, for a moment. */
const spareOf = (shim: number, target: RunningProcess): Promise<number> =>
  until(() =>
    children(shim).find(
      pid =>
        pid !== target.pid &&
        groupOf(pid) === pid &&
        readFileSync(`/proc/${pid}/comm`, 'utf8') === 'canopy shim\n',
    ),
  );

// Each by itself: all targets of this process have one shim.
describe('the shim', { skip: skip || (systemProgram('perl') === null && 'needs perl') }, () => {
  test('one for all targets, which is there before they are asked for again', async t => {
    const [one, other] = [await shared(t), await shared(t)];
    assert.equal(one.shim, other.shim);
    assert.equal(statOf(one.shim)?.parent, process.pid);
    assert.ok([one, other].every(({ target, shim }) => statOf(target.pid)?.parent === shim));
  });

  test('a signal right after the start of many reaches each of them, in its group', async t => {
    for (const name of ['SIGINT', 'SIGQUIT', 'SIGTERM'] as const) {
      const places = await Promise.all(Array.from({ length: 8 }, () => Place.open(t)));
      const ends = places.map(async place => {
        const target = await place.launch(sh('ulimit -c 0; exec sleep 3600'));
        assert.equal(signalGroup(target.group, name), true);
        return target.exited;
      });
      assert.deepEqual(await Promise.all(ends), Array(8).fill({ code: null, signal: name }));
    }
  });

  test('killed alone: the target is watched on, and adopted by the next', async t => {
    const place = await Place.open(t);
    const target = await watchedAlone(place);
    assert.equal((await running(place)).pid, target.pid);
    reach(target, 'SIGTERM');
    assert.deepEqual(await target.exited, { code: null, signal: null }, 'how is not known');
  });
  test('where its record is gone too, one whose wrapper was killed is watched on', async t => {
    const place = await Place.open(t);
    const target = await watchedAlone(place, () => rmSync(place.path('target.run')));
    signalProcess(target.pid, 'SIGKILL');
    await target.exited;
  });

  test('killed: the next launch has another one', async t => {
    const { target, shim } = await shared(t);
    signalProcess(shim, 'SIGKILL');
    const place = await Place.open(t);
    assert.deepEqual(await (await place.launch(sh('exit 7'))).exited, { code: 7, signal: null });
    assert.ok(lives(target.pid) && shimOf(place) !== shim);
  });

  test('stopped by somebody: it is continued', async t => {
    const { target, shim } = await shared(t);
    signalProcess(shim, 'SIGSTOP');
    const place = await Place.open(t);
    assert.deepEqual(await (await place.launch(sh('exit 7'))).exited, { code: 7, signal: null });
    assert.equal(shimOf(place), shim);
    signalProcess(shim, 'SIGSTOP');
    reach(target, 'SIGTERM');
    assert.deepEqual(await target.exited, { code: null, signal: 'SIGTERM' });
  });

  test('held up: what it has not come to is started by another one, ends are seen all the same, nothing runs twice', async t => {
    const { target, shim } = await shared(t);
    const spare = await spareOf(shim, target);
    // More than a pipe takes, to one that reads nothing.
    signalProcess(spare, 'SIGSTOP');
    const place = await Place.open(t);
    const env = { ...place.env, LONG: 'x'.repeat(100_000) };
    const launched = await place.launch(sh('echo ran; exec sleep 3600'), { env });
    assert.notEqual(shimOf(place), shim);
    reach(target, 'SIGTERM');
    assert.deepEqual(await target.exited, { code: null, signal: null }, 'it has not waited for it');
    signalProcess(spare, 'SIGCONT');
    await until(() => !lives(shim) && !lives(spare), 5000, 'it was dismissed');
    await until(() => place.text('target.log') !== '');
    assert.deepEqual(markedProcesses(place.mark), [launched.pid]);
    assert.equal(place.text('target.log'), 'ran\n');
  });

  test('one that is stopped before it is the target: another one is, and it never', async t => {
    const { target: first, shim } = await shared(t);
    const spare = await spareOf(shim, first);
    signalProcess(spare, 'SIGSTOP');
    const place = await Place.open(t);
    const target = await place.launch(sh('echo ran; exec sleep 3600'));
    assert.notEqual(target.pid, spare);
    signalProcess(spare, 'SIGCONT');
    await until(() => !lives(spare) && place.text('target.log') !== '');
    assert.deepEqual([place.text('target.log'), markedProcesses(place.mark)], ['ran\n', [target.pid]]);
  });

  test('killed while somebody still has its words: its targets are watched on', async t => {
    const { target, shim } = await shared(t);
    const spare = await spareOf(shim, target);
    signalProcess(spare, 'SIGSTOP');
    signalProcess(shim, 'SIGKILL');
    const place = await Place.open(t);
    assert.deepEqual(await (await place.launch(sh('exit 7'))).exited, { code: 7, signal: null });
    reach(target, 'SIGKILL');
    await target.exited;
    signalProcess(spare, 'SIGKILL');
  });

  test('its children killed right after they were forked: each launch comes to something, and to one target at most', async t => {
    const { shim } = await shared(t);
    const launches = [];
    let killed = 0;
    for (let round = 0; killed < 15 && round < 30; round++) {
      const places = await Promise.all(Array.from({ length: 3 }, () => Place.open(t)));
      const before = children(shim);
      for (const place of places) {
        const launched: Promise<RunningProcess | Error> = place
          .launch(sh('echo ran; exec sleep 3600'))
          .catch(error => error as Error);
        launches.push({ place, launched });
      }
      if (killNewChild(shim, before, (round % 20) / 10)) killed += 1;
    }
    const seen = { started: 0, told: 0 };
    for (const { place, launched } of launches) seen[cameTo(place, await launched)] += 1;
    assert.ok(killed >= 15, `killed ${killed} of them`);
    t.diagnostic(JSON.stringify(seen));
  });

  test('keeps no zombies, though it is their parent', async t => {
    const { shim } = await shared(t);
    const places = await Promise.all(Array.from({ length: 5 }, () => Place.open(t)));
    const targets = await Promise.all(places.map(place => place.launch(['sleep', '3600'])));
    const pids = targets.map(({ pid }) => pid);
    assert.ok(pids.every(pid => children(shim).includes(pid)));
    for (const target of targets) reach(target, 'SIGTERM');
    await until(() => !children(shim).some(pid => pids.includes(pid)));
  });

  test('its spare becomes the next target, whose run is counted from its launch; killed, it is no loss', async t => {
    const { target, shim } = await shared(t);
    const before = await spareOf(shim, target);
    await until(() => ageOf(before) > 1);
    const [place, other] = [await Place.open(t), await Place.open(t)];
    const launched = await place.launch(['sleep', '3600']);
    const { pid } = launched;
    assert.equal(pid, before);
    const ran = Date.now() - (await running(place)).startedAt;
    assert.ok(ran >= 0 && ran < 1000, `${ran} ms`);
    const next = await spareOf(shim, launched);
    signalProcess(next, 'SIGKILL');
    await until(() => !children(shim).includes(next));
    assert.deepEqual(await (await other.launch(sh('exit 3'))).exited, { code: 3, signal: null });
  });
});

/** Seconds. */
const ageOf = (pid: number): number =>
  Number.parseFloat(readFileSync('/proc/uptime', 'utf8')) - Number(statOf(pid)?.startTicks) / 100;

test('files for its output that are in the way: the error of the file system, and no target', async t => {
  const place = await Place.open(t);
  await mkdir(place.path('target.log'));
  await assert.rejects(place.launch(['true']), { code: 'EISDIR' });
  // A FIFO that nobody reads is not waited for.
  execFileSync('mkfifo', [place.path('fifo')]);
  const mixed = { stdout: place.path('fifo'), stderr: place.path('target.log') };
  await assert.rejects(place.launch(['true'], { output: mixed }), { code: 'EISDIR' });
  rmSync(place.path('target.log'), { recursive: true });
  const output = oneFile(place.path('some/folder/target.log'));
  assert.deepEqual(await (await place.launch(sh('exit 3'), { output })).exited, { code: 3, signal: null });
  assert.equal(statSync(output.stdout).mode & 0o777, 0o640 & ~process.umask());
});
