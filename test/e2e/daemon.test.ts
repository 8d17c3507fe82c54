/** One node as a daemon: start, status, stop, restart, and whatever the pid file may say. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { canopy, type Outcome } from '../support/cli.js';
import { freePort } from '../support/mosquitto.js';
import { type NodeProcess, QUICK, type Settings, startRoot } from '../support/nodes.js';
import { Sandbox } from '../support/sandbox.js';
import { lives, STEADY, STUBBORN, targetSaid } from '../support/targets.js';
import { until } from '../support/wait.js';

const skip = process.platform !== 'linux' && 'needs /proc';

describe('a node as a daemon', { skip, concurrency: 2 }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let absent: { port: number; start: Promise<Outcome> };

  const envFile = (settings: Settings): string => {
    const file = `${settings.name}.env`;
    const all = { data_dir: settings.name, hb_interval: QUICK.hb_interval, ...settings };
    const lines = Object.entries(all).map(([key, value]) => `CANOPY_${key.toUpperCase()}=${quoted(value)}`);
    writeFileSync(box.path(file), `${lines.join('\n')}\n`);
    return file;
  };
  const leafFile = (name: string, more: Settings = {}): string =>
    envFile({ is_leaf: true, name, parent_port: root.port, target: STEADY, ...more });
  const pidFile = (name: string): string => box.path(String(name), 'canopy.pid');
  const identity = (name: string) => JSON.parse(readFileSync(pidFile(name), 'utf8')) as { pid: number };
  const run = (verb: string, file: string): Promise<Outcome> => canopy(box, [verb, file], {}, 20_000);
  const json = async (verb: string, file: string) => {
    const { code, stdout } = await canopy(box, [verb, file, '--json']);
    return { code, ...JSON.parse(stdout) };
  };
  const succeed = async (verb: string, file: string): Promise<Outcome> => {
    const outcome = await run(verb, file);
    assert.equal(outcome.code, 0, outcome.stdout + outcome.stderr);
    return outcome;
  };

  before(async () => {
    // That start gives up after 15 s: the other tests run meanwhile.
    const port = await freePort();
    const file = envFile({ is_leaf: true, name: 'absent', parent_port: port, target: STEADY });
    absent = { port, start: run('start', file) };
    root = await startRoot(box);
  });

  it('starts, says so when it is up, and stops, target included', async () => {
    const file = leafFile('web', { target: STUBBORN, stop_grace: 0.5 });
    assert.deepEqual((await json('status', file)).code, 3);
    const started = await succeed('start', file);
    const { pid } = identity('web');
    assert.ok(lives(pid));
    assert.match(started.stdout, new RegExp(`^web is up \\(process ${pid}, log .*web/canopy\\.log\\)`));
    const node = await root.rest.expect('web', { status: 'up' });
    await targetSaid(box.path('web'), /ready/);
    assert.match(readFileSync(box.path('web', 'canopy.log'), 'utf8'), /"msg":"uplink connected"/);
    const { code, status, pid: told, stale } = await json('status', file);
    assert.deepEqual({ code, status, told, stale }, { code: 0, status: 'running', told: pid, stale: false });

    const again = await run('start', file);
    assert.equal(again.code, 1);
    assert.match(again.stderr, new RegExp(`already-running: web runs as process ${pid}`));
    assert.equal((await root.rest.node('web')).epoch, node.epoch);

    await succeed('stop', file);
    assert.deepEqual(
      [lives(pid), lives(node.pid as number), existsSync(pidFile('web'))],
      [false, false, false],
    );
    await root.rest.expect('web', { status: 'stopped' });
    assert.deepEqual((await json('status', file)).code, 3);
    assert.match((await succeed('stop', file)).stdout, /web is not running/);
  });

  it('restarts', async () => {
    const file = leafFile('anew');
    await succeed('start', file);
    const before = { ...identity('anew'), ...(await root.rest.expect('anew', { status: 'up' })) };
    const { pid } = identity('anew');
    assert.match((await succeed('restart', file)).stdout, /^anew is stopped\nanew is up/);
    const after = await root.rest.expect('anew', it => it.status === 'up' && it.epoch !== before.epoch);
    assert.deepEqual([lives(pid), lives(before.pid as number)], [false, false]);
    assert.ok(lives(identity('anew').pid) && lives(after.pid as number));
    await succeed('stop', file);
  });

  it('is started again after kill -9, its pid file taken for what it is', async () => {
    const file = leafFile('killed');
    await succeed('start', file);
    const { pid } = identity('killed');
    process.kill(pid, 'SIGKILL');
    await until(() => !lives(pid));
    const { code, status, stale } = await json('status', file);
    assert.deepEqual({ code, status, stale }, { code: 3, status: 'stopped', stale: true });
    await succeed('start', file);
    assert.notEqual(identity('killed').pid, pid);
    assert.match(readFileSync(box.path('killed', 'canopy.log'), 'utf8'), /replaced a stale pid file/);
    await root.rest.expect('killed', { status: 'up' });
    await succeed('stop', file);
  });

  it('is not started twice where its pid file was removed, and is found and stopped without', async () => {
    const file = leafFile('traceless');
    await succeed('start', file);
    const { pid } = identity('traceless');
    const target = (await root.rest.expect('traceless', { status: 'up' })).pid as number;
    rmSync(pidFile('traceless'));
    for (const verb of ['start', 'run']) {
      const again = await run(verb, file);
      assert.equal(again.code, 1, again.stdout);
      assert.match(again.stderr, new RegExp(`already.running.* as process ${pid}`));
    }
    const { code, status, pid: told } = await json('status', file);
    assert.deepEqual({ code, status, told }, { code: 0, status: 'running', told: pid });
    assert.ok(lives(target));
    await succeed('stop', file);
    assert.deepEqual([lives(pid), lives(target)], [false, false]);
  });

  it('knows a pid that another program has by now, and lets that one live', async () => {
    const file = leafFile('reused');
    await succeed('start', file);
    const held = identity('reused');
    await succeed('stop', file);
    const other = spawn('sleep', ['3600'], { env: box.env(), stdio: 'ignore' });
    writeFileSync(pidFile('reused'), JSON.stringify({ ...held, pid: other.pid }));
    assert.deepEqual((await json('status', file)).code, 3);
    assert.match((await succeed('stop', file)).stdout, /not running/);
    await succeed('start', file);
    await succeed('stop', file);
    assert.ok(lives(other.pid as number));
  });

  it('says at once why it does not start', async () => {
    const wrong = envFile({ is_leaf: true, name: 'wrong', target: 'sleep 1', stop_signal: 'NONSENSE' });
    const taken = envFile({ role: 'root', name: 'taken', port: root.port, rest_port: 0 });
    const rival = leafFile('rival');
    await succeed('start', rival);
    const twin = leafFile('rival', { data_dir: 'rivals-twin' });
    const [bad, busy, named] = await Promise.all([
      run('start', wrong),
      run('start', taken),
      run('start', twin),
    ]);
    assert.deepEqual([bad.code, busy.code, named.code], [2, 1, 1]);
    assert.match(bad.stderr, /CANOPY_STOP_SIGNAL .*expected .*found "NONSENSE"/);
    assert.match(
      busy.stderr,
      new RegExp(`taken did not start: .*:${root.port}: the address is already in use`),
    );
    assert.match(named.stderr, /rival did not start: .*another live node has this name/);
    for (const { stderr } of [bad, busy, named]) assert.doesNotMatch(stderr, /keeps trying/);
    for (const name of ['taken', 'rivals-twin']) assert.ok(!existsSync(pidFile(name)), name);
    leafFile('rival');
    await succeed('stop', rival);
  });

  it('says what it waits for where the parent is absent, and goes on trying', async () => {
    const { code, stderr } = await absent.start;
    assert.equal(code, 1);
    const { pid } = identity('absent');
    const says = `absent runs as process ${pid} and keeps trying, but is not up: it is cut off from its parent: .*:${absent.port}.*ECONNREFUSED`;
    assert.match(stderr, new RegExp(says));
    assert.ok(lives(pid));
    const late = await startRoot(box, { name: 'late', port: absent.port });
    await late.rest.expect('absent', { status: 'up' });
    await succeed('stop', 'absent.env');
    assert.ok(!lives(pid));
    await late.rest.expect('absent', { status: 'stopped' });
  });
});

/** As dotenv takes it. */
const quoted = (value: unknown): string => (/['"\s]/.test(String(value)) ? `\`${value}\`` : String(value));
