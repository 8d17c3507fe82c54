/** Who stays when a lost instance comes back; instances that move to idle machines; all of it from the command line. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { canopy } from '../support/cli.js';
import { type NodeProcess, startRoot } from '../support/nodes.js';
import { withQuota } from '../support/quota.js';
import { Rack } from '../support/racks.js';
import { Sandbox } from '../support/sandbox.js';
import { sleepers } from '../support/targets.js';
import { until } from '../support/wait.js';

const slot = (name: string, app: string, more = {}) => ({
  name,
  app_name: app,
  desired: 'stopped',
  target: `sleep 8${name.slice(1)}`,
  ...more,
});

describe('standing orders and moves', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  const roomy = withQuota({ after }, 8);
  let root: NodeProcess;
  let a: Rack;
  before(async () => {
    root = await startRoot(box);
    // `a` has one core, `b` a quota that it hardly uses whatever else the machine does.
    const leaves = (rack: number) => [
      ...['kept', 'young'].map((app, index) => slot(`w${rack}${index}1`, app, { host_name: `box${rack}` })),
      slot(`w${rack}51`, 'moved', { host_name: `box${rack}` }),
    ];
    a = await Rack.up(box, root, { name: 'a', wrap: ['taskset', '-c', '0'] }, leaves(1));
    await Rack.up(box, root, { name: 'b', wrap: roomy ?? [] }, leaves(2));
    for (const path of ['a', 'b'])
      await root.rest.expect(
        path,
        ({ heartbeat }) => Object.keys((heartbeat?.apps as object) ?? {}).length === 3,
      );
  });
  const running = (): string[] => sleepers(box, '8');
  const runs = (wanted: string[]) => until(() => running().join() === wanted.join(), 15_000, `${wanted} run`);
  const cli = (...words: string[]) => canopy(box, words, { CANOPY_URL: root.rest.url }, 20_000);

  it('the replacement stays where that is the rule; the one that ran longest where that is', async () => {
    // Each app has a slot on either machine; what runs on `a` is lost, and its successor runs on `b`.
    await root.rest.command('a', 'scale', { select: { app: 'kept' }, args: { count: 1 } });
    await root.rest.command('a', 'scale', { select: { app: 'young' }, args: { count: 1 } });
    await runs(['101', '111']);
    const keep = (app: string, surplus: string) =>
      cli('scale', app, '1', '--keep', '--lost-after', '1.5', '--surplus', surplus);
    const kept = await keep('kept', 'replacement');
    assert.equal(kept.code, 0, kept.stdout + kept.stderr);
    assert.match(kept.stdout, /^\. scale: succeeded, 1 of 1 run/);
    assert.equal((await keep('young', 'longest')).code, 0);
    const listed = await cli('orders');
    assert.match(
      listed.stdout,
      /^APP\s+RUNNING.*\nkept\s+1\/1\s+least-loaded\s+1.5 s\s+replacement\s+cli\nyoung\s+1\/1/,
    );
    await a.crash();
    await runs(['101', '111', '201', '211']);
    await a.start();
    // Contact was lost, its target was not: it has run for longer than the one that replaced it.
    await runs(['111', '201']);
    for (const app of ['kept', 'young']) {
      const removed = await cli('orders', '--remove', app);
      assert.deepEqual([removed.code, removed.stderr], [0, '']);
    }
    const gone = await cli('orders', '--remove', 'kept');
    assert.deepEqual(
      [gone.code, gone.stderr],
      [1, 'canopy: not-found: there is no standing order for kept here\n'],
    );
    assert.deepEqual(running(), ['111', '201'], 'what runs goes on');
    for (const app of ['kept', 'young']) assert.equal((await cli('scale', app, '0')).code, 0);
  });

  const skip = roomy === null && 'no cgroup can be made here';
  it('an instance moves from a loaded machine to an idle one, the new one first', { skip }, async t => {
    await root.rest.command('a', 'scale', { select: { app: 'moved' }, args: { count: 1 } });
    await runs(['151']);
    const burner = spawn('taskset', ['-c', '0', 'sh', '-c', 'while :; do :; done'], { env: box.env() });
    const loadOf = async (path: string) => Number((await root.rest.node(path)).heartbeat?.load ?? Number.NaN);
    const differ = async () => (await loadOf('a/w151')) - (await loadOf('b/w251')) > 0.4;
    const rebalance = (...more: string[]) => cli('rebalance', 'moved', '--json', ...more);
    const moves = await until(async () => {
      if (!(await differ())) return null;
      const { stdout } = await rebalance('--dry-run');
      const { results } = JSON.parse(stdout).data;
      return results.length > 0 ? results : null;
    }, 30_000);
    assert.deepEqual([moves[0].path, moves[0].to, moves[0].status], ['a/w151', 'b/w251', 'planned']);
    assert.deepEqual(running(), ['151']);
    let never = 0;
    const watch = setInterval(() => {
      // One look at /proc takes some milliseconds: it may come to the one before it begins, and to the other after its end.
      if (running().length === 0 && running().length === 0) never += 1;
    }, 5);
    t.after(() => clearInterval(watch));
    await until(async () => JSON.parse((await rebalance()).stdout).data.succeeded === 1, 30_000);
    clearInterval(watch);
    await runs(['251']);
    assert.equal(never, 0, 'there was always one');
    burner.kill('SIGKILL');
    assert.match((await cli('rebalance', 'moved')).stdout, /^\. rebalance: succeeded, 0 of 0/);
    await cli('scale', 'moved', '0');
  });

  it('maintenance from the command line is shown, and lifted', async () => {
    const on = await cli('maintenance', 'a', 'on', '--for', '3600');
    assert.equal(on.code, 0, on.stderr);
    await root.rest.expect(
      'a',
      node => (node as unknown as { maintenance: object | null }).maintenance !== null,
    );
    assert.match((await cli('tree')).stdout, /─ a\s+up {2}relay {2}in maintenance/);
    assert.match(
      (await cli('get', 'a/w101')).stdout,
      /maintenance {2}for \d+ s, for 60 min more, by cli, at a\n/,
    );
    const none = await cli('scale', 'kept', '2');
    assert.deepEqual(
      [none.code, /^\. scale: partial, 1 of 2 run, 1 missing/.test(none.stdout)],
      [1, true],
      none.stdout,
    );
    assert.equal((await cli('maintenance', 'a', 'off')).code, 0);
    await cli('scale', 'kept', '0');
    const wrong = await cli('maintenance', 'a', 'maybe');
    assert.deepEqual([wrong.code, /Allowed choices are on, off/.test(wrong.stderr)], [2, true]);
    const few = await cli('scale', 'kept', 'many');
    assert.deepEqual([few.code, /expected a number, found "many"/.test(few.stderr)], [2, true]);
  });
});
