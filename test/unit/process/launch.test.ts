import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { adoptTarget } from '../../../src/process/adopt.js';
import { bootId, processIdentity } from '../../../src/process/identity.js';
import { markedProcesses } from '../../../src/process/marked.js';
import { signalGroup, signalProcess } from '../../../src/process/signals.js';
import { SpawnError } from '../../../src/process/spawn.js';
import { lives } from '../../../src/process/stat.js';
import {
  markStopped,
  newToken,
  readExit,
  readRecord,
  reserveExit,
  shellExit,
} from '../../../src/process/target-record.js';
import { OVERTAKEN, PROMPT_LESSON, promptOrders, RECORD_BYTES } from '../../../src/process/wrapper.js';
import { until } from '../../support/wait.js';
import { oneFile } from './support.js';
import { Place } from './target-support.js';

const skip = process.platform !== 'linux' && 'needs /proc';
const sh = (script: string): string[] => ['sh', '-c', script];
const running = async (place: Place) => {
  const found = await adoptTarget(place.dir);
  assert.ok(found && 'running' in found, JSON.stringify(found));
  return found.running;
};

describe('under the wrapper', { skip, concurrency: 2 }, () => {
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
    assert.equal(place.text('target.log'), '', 'nothing but what the target says');
  });

  test('a signal to the group reaches the target and is told as its end', async t => {
    const place = await Place.open(t);
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGALRM', 'SIGKILL'] as const) {
      const target = await place.launch(sh('ulimit -c 0; exec sleep 3600'));
      assert.notEqual(target.pid, target.group);
      signalGroup(target.group, name);
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
    assert.equal(await readRecord(place.dir), null);
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
    const { token = '' } = (await readRecord(place.dir)) ?? {};
    assert.deepEqual(await readExit(place.dir, token), { code: null, signal: 'SIGKILL' });
  });

  test('the wrapper killed alone: the target is watched on, and adopted by the next', async t => {
    const place = await Place.open(t);
    const target = await place.launch(['sleep', '3600']);
    let ended = false;
    void target.exited.then(() => (ended = true));
    signalProcess(target.group, 'SIGKILL');
    await until(() => !lives(target.group));
    await pause(1500);
    assert.deepEqual([ended, lives(target.pid)], [false, true]);
    assert.equal((await running(place)).pid, target.pid);
    signalGroup(target.group, 'SIGTERM');
    assert.deepEqual(await target.exited, { code: null, signal: null }, 'how is not known');
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
      assert.deepEqual([how, found.group], [exit, group]);
      assert.ok(ranMs >= 100 && ranMs < 20_000, `it ran for ${ranMs} ms`);
    }
  });

  test('where nothing was ever started, or the record is no record: nothing', async t => {
    const place = await Place.open(t);
    assert.equal(await adoptTarget(place.dir), null);
    const other = await (await Place.open(t)).launch(['sleep', '3600']);
    const it = await processIdentity(other.pid);
    const whole = `${other.pid} ${it?.startTime} ${it?.bootId} token ${other.group}`;
    for (const text of [
      '',
      '\n',
      ' '.repeat(RECORD_BYTES - 1).concat('\n'),
      'nonsense\n',
      '\0'.repeat(RECORD_BYTES),
      whole.slice(0, 20),
      whole, // no line break: cut off
      `1 ${whole.slice(whole.indexOf(' ') + 1)}\n`,
      `-5 ${whole.slice(whole.indexOf(' ') + 1)}\n`,
      `${whole} more\n`,
      whole.replace(/\d+$/, '1\n'),
      whole.replace(/\d+$/, 'x\n'),
    ]) {
      await writeFile(place.path('target.pid'), text);
      assert.equal(await adoptTarget(place.dir), null, JSON.stringify(text));
    }
    await writeFile(place.path('target.pid'), `${whole}\n`);
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
      await writeFile(place.path('target.pid'), `${other.pid} ${start} ${of} stale ${other.group}\n`);
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
    const { pid, exited, group } = await place.launch(['sleep', '3600']);
    await markStopped(place.dir);
    assert.equal((await running(place)).pid, pid);
    signalGroup(group, 'SIGTERM');
    await exited;
    assert.deepEqual(await adoptTarget(place.dir), { ended: null, group });
    const again = await place.launch(['false']);
    await again.exited;
    const found = await adoptTarget(place.dir);
    assert.ok(found && 'ended' in found);
    assert.equal(found.ended?.code, 1, 'the next run is its own');
    await markStopped((await Place.open(t)).dir);
  });

  test('a token that somebody has removed does not hide a living target', async t => {
    const place = await Place.open(t);
    assert.equal(await adoptTarget(place.dir), null);
    assert.deepEqual(readdirSync(place.dir), [], 'nothing is written where nothing was ever launched');
    const target = await place.launch(['sleep', '3600']);
    rmSync(place.path('target.token'));
    assert.equal((await running(place)).pid, target.pid);
    signalGroup(target.group, 'SIGKILL');
    await target.exited;
  });

  test('room for the record of its end is there before it ends, though not before it runs', async t => {
    const place = await Place.open(t);
    const target = await place.launch(['sleep', '3600']);
    await until(() => existsSync(place.path('target.exit')));
    assert.equal(statSync(place.path('target.exit')).size, statSync(place.path('target.pid')).size);
    assert.ok(lives(target.pid));
    signalGroup(target.group, 'SIGKILL');
    await target.exited;
  });

  test('room for a record that is there already leaves it alone, and leaves nothing beside it', async t => {
    const place = await Place.open(t);
    await writeFile(place.path('target.exit'), 'mine 3\n');
    reserveExit(place.dir);
    assert.deepEqual(await readExit(place.dir, 'mine'), { code: 3, signal: null });
    rmSync(place.path('target.exit'));
    reserveExit(place.dir);
    assert.deepEqual(readdirSync(place.dir), ['target.exit']);
    // What can't be done is no matter.
    reserveExit(place.path('nowhere'));
  });

  test('an exit recorded under another token is not taken for this one', async t => {
    const place = await Place.open(t);
    await writeFile(place.path('target.exit'), 'older 3\n');
    assert.equal(await readExit(place.dir, 'newer'), null);
    assert.deepEqual(await readExit(place.dir, 'older'), { code: 3, signal: null });
    for (const cut of ['older 3', 'older', 'older x\n']) {
      await writeFile(place.path('target.exit'), cut);
      assert.equal(await readExit(place.dir, 'older'), null, cut);
    }
    assert.deepEqual(
      [shellExit(137), shellExit(128), shellExit(255)],
      [
        { code: null, signal: 'SIGKILL' },
        { code: 128, signal: null },
        { code: 255, signal: null },
      ],
    );
  });

  test('a wrapper that finds its token changed never becomes the target', async t => {
    const place = await Place.open(t);
    newToken(place.dir);
    const orders = {
      dataDir: place.dir,
      token: 'mine',
      bootId: 'boot',
      words: sh(`echo twin >>${place.path('twins')}`),
      before: [],
      env: { PATH: process.env.PATH },
      mark: '',
      output: oneFile(place.path('target.log')),
      cwd: '',
      umask: '',
    };
    const input = PROMPT_LESSON + promptOrders(orders);
    const run = (text = input) =>
      spawnSync('/bin/sh', { input: text, stdio: ['pipe', 'ignore', 'ignore', 'pipe'] }).status;
    for (const cut of [input.length - 3, input.length - 40, PROMPT_LESSON.length + 20])
      run(input.slice(0, cut));
    assert.ok(!existsSync(place.path('target.exit')), 'orders cut off do nothing');
    assert.equal(run(), OVERTAKEN);
    assert.throws(() => place.text('twins'), { code: 'ENOENT' });
    await writeFile(place.path('target.token'), 'mine\n');
    assert.equal(run(), 0);
    assert.equal(place.text('twins'), 'twin\n');
  });

  test('whenever the next leaf comes: it finds the target, or there is none', async t => {
    const seen = { found: 0, overtaken: 0 };
    for (let round = 0; round < 40; round++) {
      const place = await Place.open(t);
      const launched = place.launch(['sleep', '3600']).catch(error => error as Error);
      // The leaf that wrote it is dead by the time of the next: what comes is up to its wrapper.
      await until(() => existsSync(place.path('target.token')) && place.text('target.token').trim() !== '');
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
        signalGroup(target.group, 'SIGKILL');
      } else {
        signalGroup(target.group, 'SIGKILL');
        assert.fail(`round ${round}: the target lives and was not found`);
      }
    }
    t.diagnostic(JSON.stringify(seen));
  });
});

test('a waiting pair whose inner shell was killed: the next launch succeeds all the same', {
  skip,
}, async t => {
  const place = await Place.open(t);
  await (await place.launch(['true'])).exited;
  const children = (pid: number): number[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const inner = () => children(process.pid).flatMap(children);
  await until(() => inner().length >= 2, 5000, 'two pairs wait');
  for (const pid of inner()) process.kill(pid, 'SIGKILL');
  await until(() => inner().length === 0);
  assert.deepEqual(await (await place.launch(sh('exit 7'))).exited, { code: 7, signal: null });
});
