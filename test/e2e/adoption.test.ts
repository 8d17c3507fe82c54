/** A leaf that is killed leaves its target behind; the next one takes it over: never two, never restarted for that. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { canopy } from '../support/cli.js';
import { publish } from '../support/mqtt-tools.js';
import { NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { mulberry } from '../support/random.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, outputOf, STEADY } from '../support/targets.js';
import { until } from '../support/wait.js';

const skip = skipWithout('mosquitto_pub') || (process.platform !== 'linux' && 'needs /proc');

describe('adoption', { skip, concurrency: 2 }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  before(async () => {
    root = await startRoot(box);
  });
  const up = async (name: string, more = {}) => {
    const leaf = await startLeaf(box, root, { name, target: STEADY, ...more });
    const { pid } = await root.rest.expect(name, it => it.status === 'up' && it.pid !== null);
    return { leaf, pid: pid as number };
  };
  /** After a new start of the leaf: how the node looks to the root. */
  const seen = (leaf: NodeProcess, expected: Record<string, unknown>) =>
    root.rest.expect(String(leaf.settings.name), it => {
      const now = it as unknown as Record<string, unknown>;
      return it.link === 'online' && Object.entries(expected).every(([key, value]) => now[key] === value);
    });
  /** Living processes with these words, the shells that wrap them left out. */
  const copies = (words: string) => box.processes().filter(it => it.command === words && lives(it.pid));

  it('killed -9 and started again: the same target, up, its output unbroken', async () => {
    const target = `sh -c 'n=0; while :; do n=$((n+1)); echo line $n; sleep 0.01; done'`;
    const { leaf, pid } = await up('talking', { target });
    await leaf.crash();
    const before = outputOf(leaf.dataDir).length;
    await until(() => outputOf(leaf.dataDir).length > before + 100, 5000, 'it goes on without a leaf');
    const from = leaf.log.length;
    await leaf.up();
    const node = await seen(leaf, { status: 'up', pid });
    assert.equal(node.reason, 'adopted from an earlier leaf');
    const beat = await root.rest.expect(
      'talking',
      it => it.heartbeat?.pid === pid && it.epoch === node.epoch,
    );
    assert.equal(beat.heartbeat?.restarts, 0);
    const moves = leaf.log.slice(from).filter(line => line.msg === 'target');
    assert.deepEqual(
      moves.map(({ from, to }) => [from, to]),
      [['stopped', 'running']],
    );
    assert.deepEqual(await leaf.stop(), { code: 0, signal: null });
    assert.ok(!lives(pid), 'it stops what it adopted');
    const lines = outputOf(leaf.dataDir).trim().split('\n');
    assert.deepEqual(
      lines,
      lines.map((_, index) => `line ${index + 1}`),
    );
  });

  it('an adopted target that ends is started again, how it ended is known', async () => {
    const { leaf, pid } = await up('ending', {
      start_seconds: 0,
      target: `sh -c 'trap "exit 7" USR1; while :; do sleep 0.02; done'`,
    });
    await leaf.crash();
    await leaf.up();
    await seen(leaf, { status: 'up', pid });
    process.kill(pid, 'SIGUSR1');
    const again = await root.rest.expect(
      'ending',
      it => it.status === 'up' && it.pid !== null && it.pid !== pid,
    );
    assert.equal(again.reason, 'exited with code 7; restarted at once');
    await leaf.stop();
  });

  it('a target that ends while no leaf is there: the next one starts exactly one', async () => {
    const { leaf, pid } = await up('gone', { target: 'sleep 36001' });
    await leaf.crash();
    process.kill(pid, 'SIGKILL');
    await until(() => !lives(pid));
    await leaf.up();
    const again = await seen(leaf, { status: 'up' });
    assert.notEqual(again.pid, pid);
    assert.deepEqual(
      copies('sleep 36001').map(it => it.pid),
      [again.pid],
    );
    await leaf.stop();
  });

  /** A target that ends as it is told to: `end` makes it. */
  const upTo = async (name: string, code: number, more = {}) => {
    const go = box.path(`${name}.go`);
    const target = `sh -c 'echo run; while [ ! -e ${go} ]; do sleep 0.02; done; exit ${code}'`;
    const { leaf, pid } = await up(name, { target, start_seconds: 0, ...more });
    const end = async () => {
      writeFileSync(go, '');
      await until(() => !lives(pid), 5000, `${name} has ended`);
    };
    const runs = () => outputOf(leaf.dataDir).split('\n').filter(Boolean).length;
    return { leaf, pid, go, end, runs };
  };

  it('one that ended while no leaf was there is decided on by its restart policy, its exit code told', async () => {
    const cases = [
      ['never-0', 'never', 0, 'exited', 'exited with code 0; restart=never'],
      ['never-7', 'never', 7, 'failed', 'exited with code 7; restart=never'],
      ['on-failure-0', 'on-failure', 0, 'exited', 'exited with code 0; restart=on-failure'],
    ] as const;
    const ends = cases.map(async ([name, restart, code, phase, reason]) => {
      const { leaf, end, runs } = await upTo(name, code, { restart });
      await leaf.crash();
      await end();
      await leaf.up();
      await seen(leaf, { phase, reason, exitCode: code, pid: null });
      const told = await root.rest.expect(name, it => it.heartbeat?.phase === phase);
      assert.equal(told.heartbeat?.restarts, 0);
      // Once more: what was decided stays so.
      await leaf.crash();
      await leaf.up();
      await root.rest.expect(
        name,
        it => it.epoch !== told.epoch && it.phase === phase && it.reason === reason,
      );
      assert.equal(runs(), 1, 'it was not run again');
      const { body } = await root.rest.command(name, 'start');
      assert.equal(body.status, 'succeeded', 'an operator may');
      await until(() => runs() === 2);
      await leaf.stop();
    });
    await Promise.all(ends);
  });

  it('one that failed while no leaf was there is restarted by the policy, and says after what', async () => {
    const { leaf, end, go, runs } = await upTo('on-failure-7', 7, { restart: 'on-failure' });
    await leaf.crash();
    await end();
    rmSync(go);
    await leaf.up();
    await seen(leaf, { status: 'up', reason: 'exited with code 7; restarted at once' });
    const beat = await root.rest.expect('on-failure-7', it => it.heartbeat?.restarts === 1);
    assert.equal(beat.heartbeat?.phase, 'running');
    await until(() => runs() === 2);
    await leaf.stop();
  });

  it('after an orderly stop, and after the machine went down, a target that is never restarted is started', async () => {
    const { leaf, pid, end, go, runs } = await upTo('once-more', 0, { restart: 'never' });
    assert.deepEqual(await leaf.stop(), { code: 0, signal: null });
    await leaf.up();
    const again = await seen(leaf, { status: 'up', reason: 'start by canopy' });
    assert.notEqual(again.pid, pid);
    await leaf.crash();
    process.kill(again.pid as number, 'SIGKILL');
    const record = join(leaf.dataDir, 'target.run');
    const otherBoot = readFileSync(record, 'utf8').replace(
      /[0-9a-f-]{36}/,
      '00000000-0000-0000-0000-000000000000',
    );
    writeFileSync(record, otherBoot);
    await leaf.up();
    await seen(leaf, { status: 'up', reason: 'start by canopy' });
    await until(() => runs() === 3);
    await end();
    rmSync(go);
    await leaf.stop();
  });

  it('a restart that kill -9 cut short is carried on, though it is never restarted by itself', async () => {
    const target = `sh -c 'trap "" TERM; exec sleep 36006'`;
    const { leaf, pid } = await up('cut-restart', { target, stop_grace: 30, restart: 'never' });
    await until(() => copies('sleep 36006').length === 1);
    void root.rest.command('cut-restart', 'restart', {}, 0).catch(() => {});
    await root.rest.expect('cut-restart', { phase: 'stopping' });
    await leaf.crash();
    process.kill(pid, 'SIGKILL');
    await until(() => !lives(pid));
    await leaf.up();
    const again = await seen(leaf, { status: 'up' });
    assert.notEqual(again.pid, pid);
    leaf.signal('SIGKILL');
    await leaf.end();
    process.kill(again.pid as number, 'SIGKILL');
  });

  it('killed -9, its records removed and started again: one copy', async () => {
    const { leaf, pid } = await up('unrecorded', { target: 'sleep 36005' });
    await leaf.crash();
    rmSync(join(leaf.dataDir, 'target.run'));
    await leaf.up();
    const again = await seen(leaf, { status: 'up' });
    assert.ok(!lives(pid));
    await until(() => copies('sleep 36005').length > 0);
    assert.deepEqual(
      copies('sleep 36005').map(it => it.pid),
      [again.pid],
    );
    await leaf.stop();
  });

  it('killed -9, its installation lost: what its target has begun in a session of its own goes with it', async () => {
    for (const [index, spoil] of [rmSync, (file: string) => writeFileSync(file, '')].entries()) {
      const seconds = 36060 + index;
      const target = `sh -c '(setsid sleep ${seconds} &); exec sleep 36058'`;
      const { leaf, pid } = await up(`uninstalled${index}`, { target });
      await until(() => copies(`sleep ${seconds}`).length === 1);
      await leaf.crash();
      spoil(join(leaf.dataDir, 'installation.json'));
      await leaf.up();
      await seen(leaf, { status: 'up', pid });
      await leaf.stop();
      assert.deepEqual([lives(pid), copies(`sleep ${seconds}`)], [false, []]);
    }
  });

  it('a copied data directory is that of another leaf, which leaves the target of the first alone', async () => {
    const { leaf, pid } = await up('original', { target: 'sleep 36070' });
    const copy = (name: string, left: RegExp): string => {
      const data_dir = box.path(name);
      cpSync(leaf.dataDir, data_dir, { recursive: true, filter: path => !left.test(path) });
      return data_dir;
    };
    const data_dir = copy('copied', /canopy\.pid$|target\.run$/);
    const second = await startLeaf(box, root, { name: 'copied', target: 'sleep 36071', data_dir });
    await root.rest.expect('copied', { status: 'up' });
    for (const op of ['restart', 'stop'])
      assert.equal((await root.rest.command('copied', op)).body.status, 'succeeded');
    assert.deepEqual(
      copies('sleep 36070').map(it => it.pid),
      [pid],
    );
    // Whose target it is that the copy has the record of, nobody can say.
    const recorded = copy('refused', /canopy\.pid$/);
    const third = new NodeProcess(box, { ...second.settings, name: 'refused', data_dir: recorded });
    third.launch();
    assert.equal((await third.end()).code, 1);
    assert.match(
      third.output,
      new RegExp(`copied-directory: .* process ${pid}, which runs; .*remove target.run`),
    );
    assert.ok(lives(pid));
    await second.stop();
    await leaf.stop();
  });

  it('what an operator stopped stays stopped, over an orderly end and kill -9, until he starts it', async () => {
    const { leaf } = await up('halted', { target: 'sleep 36002' });
    assert.equal((await root.rest.command('halted', 'stop')).body.status, 'succeeded');
    for (const end of ['orderly', 'killed'] as const) {
      if (end === 'orderly') await leaf.stop();
      else await leaf.crash();
      await leaf.up();
      await root.rest.expect('halted', it => it.link === 'online' && it.heartbeat !== null);
      await seen(leaf, { status: 'stopped', phase: 'stopped', pid: null });
      await pause(200);
      assert.deepEqual(copies('sleep 36002'), [], end);
    }
    const { body } = await root.rest.command('halted', 'start');
    assert.equal(body.status, 'succeeded');
    await leaf.crash();
    await leaf.up();
    await seen(leaf, { status: 'up', pid: body.data.pid });
    await leaf.stop();
  });

  it('a stop that kill -9 cut short is carried on by the next leaf', async () => {
    const target = `sh -c 'trap "" TERM; exec sleep 36003'`;
    const { leaf, pid } = await up('cut', { target, stop_grace: 1 });
    await until(() => copies('sleep 36003').length === 1);
    void root.rest.command('cut', 'stop', {}, 0).catch(() => {});
    await root.rest.expect('cut', { phase: 'stopping' });
    await leaf.crash();
    assert.ok(lives(pid));
    await leaf.up();
    await seen(leaf, { phase: 'stopped', pid: null });
    assert.ok(!lives(pid));
    await leaf.stop();
  });

  it('the same id again after kill -9 is carried out once', async () => {
    const { leaf } = await up('once');
    const command = JSON.stringify({ v: 1, id: 'only-once', op: 'restart' });
    const send = () => publish(root.port, 'canopy/once/cmd', command);
    const { pid } = await root.rest.node('once');
    await send();
    const after = await root.rest.expect(
      'once',
      it => it.status === 'up' && it.pid !== null && it.pid !== pid,
    );
    await leaf.crash();
    await leaf.up();
    await seen(leaf, { status: 'up', pid: after.pid });
    await send();
    const ping = await root.rest.command('once', 'ping');
    assert.deepEqual([ping.body.data.phase, ping.body.data.pid], ['running', after.pid]);
    await leaf.stop();
  });

  it('one that was on its way to a leaf that was killed is carried out by the next', async () => {
    const { leaf, pid } = await up('midway');
    // What is sent to a frozen one stays in its socket, and goes with it.
    leaf.signal('SIGSTOP');
    const { id } = (await root.rest.command('midway', 'restart', {}, 0)).body;
    await leaf.crash();
    await leaf.up();
    const body = await until(async () => {
      const told = (await root.rest.get(`/api/v1/commands/${id}`)).body;
      return told.done ? told : null;
    });
    assert.deepEqual([body.status, body.data?.previousPid], ['succeeded', pid], JSON.stringify(body));
    await seen(leaf, { status: 'up', pid: body.data.pid });
    await leaf.stop();
  });

  it('on_exit=keep: TERM leaves the target to the next leaf, Ctrl-C and canopy stop do not', async () => {
    const { leaf, pid } = await up('kept', { on_exit: 'keep' });
    assert.deepEqual(await leaf.stop(), { code: 0, signal: null });
    assert.ok(lives(pid));
    await leaf.up();
    await seen(leaf, { status: 'up', pid });
    leaf.signal('SIGINT');
    await leaf.end();
    assert.ok(!lives(pid), 'Ctrl-C');
    await leaf.up();
    const { pid: second } = await root.rest.expect('kept', it => it.status === 'up' && it.pid !== pid);
    const lines = Object.entries(leaf.settings).map(([key, value]) => `CANOPY_${key.toUpperCase()}=${value}`);
    writeFileSync(box.path('kept.env'), `${lines.join('\n')}\n`);
    const { code, stdout } = await canopy(box, ['stop', 'kept.env'], {}, 20_000);
    assert.deepEqual([code, stdout], [0, 'kept is stopped\n']);
    assert.ok(!lives(second as number), 'canopy stop');
  });

  it('canopy stop ends a target that was kept, or whose leaf was killed, though no leaf runs', async () => {
    const { leaf, pid } = await up('left', { on_exit: 'keep' });
    const lines = Object.entries(leaf.settings).map(([key, value]) => `CANOPY_${key.toUpperCase()}=${value}`);
    writeFileSync(box.path('left.env'), `${lines.join('\n')}\n`);
    await leaf.crash();
    assert.ok(lives(pid));
    const stop = () => canopy(box, ['stop', 'left.env'], {}, 30_000);
    const { code, stdout } = await stop();
    assert.deepEqual([code, stdout, lives(pid)], [0, 'left is stopped\n', false]);
    assert.equal((await stop()).stdout, 'left is not running\n');
  });

  const killTarget = () => {
    for (const { pid } of copies('sleep 36004')) process.kill(pid, 'SIGKILL');
  };
  /** Ends the target, the leaf, or both; a leaf is started again. */
  async function strike(leaf: NodeProcess, random: () => number): Promise<void> {
    const what = random();
    if (what < 0.35) killTarget();
    if (what < 0.25) return void (await pause(random() * 200));
    leaf.signal('SIGKILL');
    await leaf.end();
    if (what > 0.7) killTarget();
    await pause(random() * 50);
    leaf.launch();
    // At times before it has done anything, or while it starts the target.
    await pause(random() < 0.5 ? random() * 900 : 900);
  }

  it('20 rounds of kills of leaf and target: at no time two copies, in the end one', async t => {
    const seed = Number(process.env.SEED ?? Date.now() % 100_000);
    t.diagnostic(`SEED=${seed}`);
    const random = mulberry(seed);
    // A twin can't make the directory that the first holds; one that finds the holder dead takes it over.
    const lock = box.path('lock');
    const script = `if ! mkdir ${lock} 2>/dev/null; then kill -0 "$(cat ${lock}/pid)" 2>/dev/null && echo $$ >>${lock}.twins; fi; echo $$ >${lock}/pid; exec sleep 36004`;
    writeFileSync(box.path('target.sh'), script);
    const settings = { target: `sh ${box.path('target.sh')}`, backoff_min: 0.01, backoff_max: 0.05 };
    const { leaf } = await up('chaos', settings);
    let most = 0;
    let over = false;
    const watch = (async () => {
      while (!over) {
        most = Math.max(most, copies('sleep 36004').length);
        await pause(15);
      }
    })();
    for (let round = 0; round < 20; round++) await strike(leaf, random);
    if (leaf.isRunning) await leaf.crash();
    await leaf.up();
    const { pid } = await seen(leaf, { status: 'up' });
    over = true;
    await watch;
    assert.equal(most, 1, 'copies at a time');
    assert.ok(!readdirSync(box.dir).includes('lock.twins'), 'a copy found another alive');
    await until(() => readFileSync(`${lock}/pid`, 'utf8').trim() === String(pid));
    assert.deepEqual(
      copies('sleep 36004').map(it => it.pid),
      [pid],
    );
    await leaf.stop();
    assert.deepEqual(copies('sleep 36004'), []);
  });
});
