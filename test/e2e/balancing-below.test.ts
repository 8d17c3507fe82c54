/** Scaling over what has something to do already: slots that still stop, relays with standing orders of their own. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { canopy } from '../support/cli.js';
import { type NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { Rack } from '../support/racks.js';
import { Sandbox } from '../support/sandbox.js';
import { sleepers } from '../support/targets.js';
import { until } from '../support/wait.js';

interface Planned {
  readonly path: string;
  readonly action: string;
  readonly status: string;
}

describe('balancing over what is under way', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  before(async () => {
    root = await startRoot(box);
  });
  const leaf = (name: string, app: string, more = {}) =>
    startLeaf(box, root, { name, app_name: app, desired: 'stopped', ...more });
  const known = (path: string) => root.rest.expect(path, it => it.link === 'online' && it.heartbeat !== null);
  const scale = (app: string, count: number, args = {}, node = root as { rest: NodeProcess['rest'] }) =>
    node.rest.command('', 'scale', { select: { app }, args: { count, ...args } }, 30);

  it('a slot that still stops is one, and runs when it has stopped', async () => {
    const lingers = `sh -c 'trap "sleep 1.5; exit 0" TERM; while :; do sleep 0.1; done'`;
    for (const name of ['l1', 'l2']) await leaf(name, 'slow', { target: lingers });
    for (const path of ['l1', 'l2']) await known(path);
    assert.equal((await scale('slow', 2)).body.status, 'succeeded');
    const pids = await Promise.all(['l1', 'l2'].map(async path => (await root.rest.node(path)).pid));
    const none = scale('slow', 0);
    for (const path of ['l1', 'l2']) await root.rest.expect(path, { phase: 'stopping' });
    const { body } = await scale('slow', 2);
    assert.equal((await none).body.error?.code, 'superseded');
    assert.deepEqual([body.status, body.data.running], ['succeeded', 2], JSON.stringify(body));
    for (const path of ['l1', 'l2']) {
      const { pid } = await root.rest.expect(path, { status: 'up' });
      assert.ok(!pids.includes(pid), 'it has stopped in between');
    }
    assert.equal((await scale('slow', 0)).body.status, 'succeeded');
  });

  it('a standing order of a relay stays as it is: one above does the rest elsewhere', async () => {
    const names = ['o1', 'o2', 'o3'].map(name => ({ name, target: `sleep 710${name[1]}` }));
    const rack = await Rack.up(
      box,
      root,
      { name: 'r' },
      names.map(it => ({ ...it, app_name: 'owned', desired: 'stopped' })),
    );
    for (const name of ['p1', 'p2', 'p3']) await leaf(name, 'owned', { target: `sleep 720${name[1]}` });
    for (const path of ['p1', 'p2', 'p3']) await known(path);
    const rollup = (running: number, free: number) =>
      root.rest.expect('r', ({ heartbeat }) => {
        const told = (heartbeat?.apps as { owned?: { running: number; free: number } })?.owned;
        return told?.running === running && told.free === free;
      });
    await rollup(0, 3);
    assert.equal((await scale('owned', 1, { keep: true, lostAfter: 1 }, rack)).body.status, 'succeeded');
    await rollup(1, 2);
    const [own, others] = [() => sleepers(box, '71'), () => sleepers(box, '72')];
    const [kept] = own();
    const holds = async (elsewhere: number) => {
      await until(() => others().length === elsewhere, 5000, `${elsewhere} run elsewhere, ${others()} do`);
      assert.deepEqual(own(), [kept]);
      const [order] = (await rack.rest.get('/api/v1/orders')).body.orders;
      assert.deepEqual([order.count, order.atOdds], [1, undefined]);
    };
    // As many as it takes, whatever share the relay was told at first.
    // To pack is to start on the relay first, where one runs.
    const dry = { select: { app: 'owned' }, args: { count: 4, dryRun: true }, strategy: 'pack' };
    const planned = (await root.rest.command('', 'scale', dry)).body;
    assert.deepEqual(
      [planned.status, planned.data.keptBy, planned.data.results.map(({ path }: Planned) => path)],
      ['succeeded', ['r'], ['p1', 'p2', 'p3']],
    );
    await holds(0);
    for (const [count, status, elsewhere, more] of [
      [4, 'succeeded', 3, {}],
      [5, 'partial', 3, { missing: 1 }],
      [2, 'succeeded', 1, {}],
      [0, 'partial', 0, { surplus: 1 }],
    ] as const) {
      const { body } = await scale('owned', count);
      const { missing, surplus, keptBy } = body.data;
      assert.deepEqual([body.status, keptBy], [status, ['r']], JSON.stringify(body));
      assert.deepEqual({ missing, surplus }, { missing: 0, surplus: undefined, ...more });
      await holds(elsewhere);
    }
    // Nor one that is a standing order itself.
    assert.equal((await scale('owned', 2, { keep: true })).body.status, 'succeeded');
    await holds(1);
    const told = await canopy(box, ['scale', 'owned', '2'], { CANOPY_URL: root.rest.url });
    assert.match(
      told.stdout,
      /^\. scale: succeeded, 2 of 2 run\n {2}r: keeps to a standing order of its own\n/,
    );
    await root.rest.command('', 'unkeep', { select: { app: 'owned' } });
    // Where it is addressed itself it changes its order.
    assert.equal((await scale('owned', 2, {}, rack)).body.data.keep, true);
    await until(() => own().length === 2);
    await rack.stop();
  });
});
