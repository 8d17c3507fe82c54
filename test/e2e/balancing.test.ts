/** So many instances of a service: at the root, at a relay that is cut off, by REST and by plain MQTT, kept and moved. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { publish, Tap } from '../support/mqtt-tools.js';
import { type NodeProcess, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Rack } from '../support/racks.js';
import { Sandbox } from '../support/sandbox.js';
import { MISSING, sleepers } from '../support/targets.js';
import { until } from '../support/wait.js';

const slot = (name: string, more = {}) => ({
  name,
  app_name: 'web',
  desired: 'stopped',
  target: `sleep 7${name.slice(1)}`,
  ...more,
});

describe('balancing', { skip: skipWithout('mosquitto_pub', 'mosquitto_sub') }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  let [a, b]: Rack[] = [];
  before(async () => {
    root = await startRoot(box);
    a = await Rack.up(box, root, { name: 'a' }, [
      slot('w101', { labels: 'zone=x' }),
      slot('w102', { labels: 'zone=y' }),
      { name: 'other' },
    ]);
    b = await Rack.up(box, root, { name: 'b' }, [
      slot('w201'),
      slot('w202', { labels: 'zone=x' }),
      slot('w203'),
    ]);
    for (const [path, slots] of [
      ['a', 2],
      ['b', 3],
    ] as const)
      await freeIn(path, slots);
  });
  /** Until the roll-up of a relay has reached the root. */
  const freeIn = (path: string, slots: number) =>
    root.rest.expect(path, ({ heartbeat }) => {
      const web = (heartbeat?.apps as Record<string, { free: number }> | undefined)?.web;
      return web?.free === slots;
    });
  /** Numbers of the slots whose target really runs, as the machine itself says. */
  const running = (): string[] => sleepers(box, '7');
  /** The shim says that a target runs a moment before it becomes it. */
  const runs = (wanted: number | string[]) =>
    until(
      () => isDeepStrictEqual(typeof wanted === 'number' ? running().length : running(), wanted),
      2000,
      `${JSON.stringify(wanted)} run, of ${running()}`,
    );
  const scale = (
    count: number,
    more: { args?: object; [key: string]: unknown } = {},
    path = '',
    node = root as { rest: NodeProcess['rest'] },
  ) =>
    node.rest.command(path, 'scale', { select: { app: 'web' }, ...more, args: { count, ...more.args } }, 30);
  /** All slots at rest again. */
  const reset = async () => {
    const { body } = await scale(0);
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
    await runs([]);
    await freeIn('a', 2);
    await freeIn('b', 3);
  };

  it('exactly so many run, whatever ran before', async () => {
    for (const count of [3, 5, 1, 2, 2, 0, 4]) {
      const { body } = await scale(count);
      assert.equal(body.status, 'succeeded', JSON.stringify(body));
      assert.deepEqual([body.data.running, body.data.count, body.data.missing], [count, count, 0]);
      await runs(count);
    }
    await reset();
  });

  it('at the root by REST, at a relay, by plain MQTT, with the root gone: the same', async () => {
    const is = async ({ running: told, count }: { running: number; count: number }, wanted: number) => {
      assert.deepEqual([told, count], [wanted, wanted]);
      await runs(wanted);
    };
    await is((await scale(2, {}, 'b')).body.data, 2);
    await reset();
    const atRoot = await Tap.open(box, root.port, 'canopy/res');
    await publish(root.port, 'canopy/cmd', 'scale app=web count=2 id=plain');
    const plain = await atRoot.first(({ json }) => json.id === 'plain' && json.done, 20_000);
    await is(plain.json.data, 2);
    await reset();
    await root.crash();
    const atRelay = await Tap.open(box, b?.port as number, 'canopy/res');
    await publish(b?.port as number, 'canopy/cmd', 'scale app=web count=2 id=cut');
    const cut = await atRelay.first(({ json }) => json.id === 'cut' && json.done, 20_000);
    assert.equal(cut.json.status, 'succeeded');
    await is(cut.json.data, 2);
    await is((await scale(1, {}, '', b)).body.data, 1);
    await root.up();
    for (const path of ['a/w101', 'b/w201']) await root.rest.expect(path, { link: 'online' });
    await freeIn('a', 2);
    await freeIn('b', 2);
    await reset();
  });

  it('more than there are slots is partial, and says how many are missing', async () => {
    const { body } = await scale(7);
    assert.deepEqual(
      [body.status, body.data.running, body.data.missing],
      ['partial', 5, 2],
      JSON.stringify(body),
    );
    await reset();
  });

  it('a dry run says what it would do', async () => {
    const { body } = await scale(4, { args: { dryRun: true } });
    assert.equal(body.status, 'succeeded');
    const planned = body.data.results as { path: string; action: string; status: string }[];
    assert.equal(planned.length, 4, JSON.stringify(body));
    assert.ok(
      planned.every(
        ({ action, status, path }) => action === 'start' && status === 'planned' && /^[ab]\/w/.test(path),
      ),
    );
    await runs([]);
  });

  it('a dry run of too many says so, and nothing is scaled or moved that is not there', async () => {
    const { body } = await scale(9, { args: { dryRun: true } });
    assert.deepEqual([body.status, body.data.missing], ['partial', 4], JSON.stringify(body));
    const nobody = await root.rest.command('', 'rebalance', { select: { app: 'nobody' } });
    assert.deepEqual([nobody.body.status, nobody.body.error?.code], ['rejected', 'not-found']);
  });

  it('by label, and by strategy', async () => {
    const zone = await scale(2, { select: { app: 'web', label: 'zone=x' } });
    assert.equal(zone.body.status, 'succeeded', JSON.stringify(zone.body));
    await runs(['101', '202']);
    await reset();
    await scale(2, { strategy: 'spread' });
    await runs(2);
    assert.deepEqual(
      running().map(number => number[0]),
      ['1', '2'],
    );
    await reset();
    await scale(1, {}, 'b');
    await freeIn('b', 2);
    await scale(3, { strategy: 'pack' });
    await runs(['201', '202', '203']);
    await reset();
  });

  it('pick takes so many by strategy, and none that is unfit', async () => {
    const many = (op: string, more: object) =>
      root.rest.command('', op, { select: { app: 'web' }, ...more }, 30);
    const started = await many('start', { pick: 2 });
    assert.equal(started.body.status, 'succeeded', JSON.stringify(started.body));
    await runs(2);
    const more = await many('start', { pick: 4, strategy: 'least-loaded' });
    assert.deepEqual([more.body.status, more.body.data.missing], ['partial', 1]);
    await runs(5);
    const stopped = await many('stop', { pick: 3, strategy: 'most-loaded' });
    assert.equal(stopped.body.status, 'succeeded');
    await runs(2);
    const signalled = await many('signal', { pick: 2, strategy: 'most-loaded', args: { signal: 'CONT' } });
    assert.deepEqual([signalled.body.status, signalled.body.data.succeeded], ['succeeded', 2]);
    await reset();
  });

  it('a restart of all starts no stand-by slot, and a signal fails at none', async () => {
    await scale(2);
    await runs(2);
    const before = running();
    for (const [op, args] of [
      ['restart', {}],
      ['signal', { signal: 'CONT' }],
    ] as const) {
      const { body } = await root.rest.command('', op, { select: { app: 'web' }, args }, 30);
      assert.deepEqual([body.status, body.data.expected], ['succeeded', 2], JSON.stringify(body));
    }
    await runs(before);
    await reset();
    const { body } = await root.rest.command('', 'restart', { select: { app: 'web' } }, 30);
    assert.deepEqual([body.status, body.error?.code], ['rejected', 'not-found'], JSON.stringify(body));
    assert.match(body.error.message, /none of the 5 leaves that fit is meant to run/);
  });

  it('maintenance: shown, never chosen, lifted by itself', async () => {
    await root.rest.command('b/w201', 'maintenance', { args: { mode: 'on' } });
    const covered = await root.rest.expect('b/w201', node => maintenanceOf(node) !== null);
    assert.deepEqual(maintenanceOf(covered)?.at, 'b/w201');
    await root.rest.command('a', 'maintenance', { args: { mode: 'on', for: 3600 } });
    await root.rest.expect('a/w101', node => maintenanceOf(node)?.at === 'a');
    const { body } = await scale(5);
    assert.deepEqual([body.status, body.data.running], ['partial', 2], JSON.stringify(body));
    await runs(['202', '203']);
    await root.rest.command('a', 'maintenance', { args: { mode: 'on', for: 0.2 } });
    await root.rest.expect('a/w101', node => maintenanceOf(node) === null);
    await root.rest.command('b/w201', 'maintenance', { args: { mode: 'off' } });
    await root.rest.expect('b/w201', node => maintenanceOf(node) === null);
    await freeIn('a', 2);
    await freeIn('b', 1);
    assert.equal((await scale(5)).body.status, 'succeeded');
    await runs(5);
    await reset();
  });

  it('one that cannot start is left alone, and another one takes its place', async () => {
    const c = await Rack.up(box, root, { name: 'c' }, [
      { ...slot('x1'), app_name: 'mixed', target: MISSING },
      { ...slot('x2'), app_name: 'mixed', target: MISSING },
      { ...slot('x3'), app_name: 'mixed', target: 'sleep 7901' },
    ]);
    await root.rest.expect(
      'c',
      ({ heartbeat }) => (heartbeat?.apps as { mixed?: { free: number } })?.mixed?.free === 3,
    );
    const { body } = await root.rest.command(
      '',
      'scale',
      { select: { app: 'mixed' }, args: { count: 1 } },
      30,
    );
    assert.deepEqual([body.status, body.data.running], ['succeeded', 1], JSON.stringify(body));
    await runs(['901']);
    for (const name of ['x1', 'x2']) {
      const { phase } = await root.rest.node(`c/${name}`);
      assert.ok(phase === 'stopped', `${name} is ${phase}`);
    }
    await c.stop();
  });

  it('refuses what makes no sense, and nothing is half done', async () => {
    const table: [string, object, string, RegExp][] = [
      ['scale', { select: { app: 'web' }, args: { count: -1 } }, 'bad-argument', /count: .*found -1/],
      ['scale', { select: { app: 'web' } }, 'bad-argument', /count: .*found none/],
      ['scale', { select: { app: 'web' }, args: { count: 1.5 } }, 'bad-argument', /found 1.5/],
      [
        'scale',
        { select: { app: 'web' }, args: { count: 1 }, strategy: 'best' },
        'bad-argument',
        /strategy: .*least-loaded.*"best"/,
      ],
      ['scale', { select: { all: true }, args: { count: 1 } }, 'bad-argument', /app=NAME/],
      ['scale', { args: { count: 1 } }, 'bad-argument', /app=NAME/],
      [
        'scale',
        { select: { app: 'nobody' }, args: { count: 1 } },
        'not-found',
        /no leaf here has the app "nobody"/,
      ],
      ['scale', { select: { app: 'web' }, args: { count: 1, lostAfter: 3 } }, 'bad-argument', /keep=true/],
      [
        'scale',
        { select: { app: 'web' }, args: { count: 1, keep: true, surplus: 'both' } },
        'bad-argument',
        /surplus/,
      ],
      ['rebalance', { select: { app: 'web' }, args: { hysteresis: 2 } }, 'bad-argument', /hysteresis/],
      ['unkeep', { select: { app: 'web' } }, 'not-found', /no standing order for web/],
      ['restart', { select: { label: 'zone' } }, 'bad-argument', /label: expected key=value/],
      ['restart', { select: { app: 'web' }, strategy: 'spread' }, 'bad-argument', /pick=NUMBER/],
      ['stop', { pick: 'all' }, 'bad-argument', /expected it with a select .* found pick=all alone/],
      ['ping', { pick: 1 }, 'bad-argument', /found pick=1 alone/],
      [
        'restart',
        { select: { app: 'web' }, args: { maxunavail: 1 } },
        'bad-argument',
        /takes parallelism, maxUnavailable/,
      ],
      ['restart', {}, 'unsupported-op', /is for leaves/],
      ['signal', { select: { app: 'web' }, args: { signal: 'BANG' } }, 'bad-argument', /BANG/],
    ];
    for (const [op, more, code, message] of table) {
      const { body } = await root.rest.command('', op, more);
      assert.deepEqual([body.status, body.error?.code], ['rejected', code], JSON.stringify([op, more, body]));
      assert.match(body.error.message, message);
    }
    await runs([]);
  });

  it('a standing order replaces what is lost, and the original stays when it is back', async () => {
    const kept = await scale(2, { args: { keep: true, lostAfter: 2 }, strategy: 'spread' });
    assert.deepEqual([kept.body.status, kept.body.data.keep], ['succeeded', true], JSON.stringify(kept.body));
    await runs(2);
    const before = running();
    assert.deepEqual(
      before.map(number => number[0]),
      ['1', '2'],
    );
    const told = await Tap.open(box, root.port, 'canopy/evt');
    // Its targets live on: what is lost is the contact.
    await a?.crash();
    await until(() => running().length === 3, 10_000, `a replacement runs; ${running()}`);
    await a?.start();
    await until(() => running().length === 2, 10_000, `one goes again; ${running()}`);
    await runs(before);
    const reasons = await until(() => {
      const orders = told.messages
        .filter(({ json }) => json.event === 'order')
        .map(({ json }) => json.reason);
      return orders.length === 2 ? (orders as string[]) : null;
    });
    assert.match(reasons[0] ?? '', /^web: 2 are to run; started b\/w\d+$/);
    assert.match(reasons[1] ?? '', /^web: 2 are to run; stopped b\/w\d+$/);
    const { body } = await root.rest.get('/api/v1/orders');
    assert.deepEqual(
      body.orders.map((order: { app: string; count: number; running: number }) => [
        order.app,
        order.count,
        order.running,
      ]),
      [['web', 2, 2]],
    );
  });

  it('it outlives the root, counts for a later scale, and is taken back', async () => {
    const before = running();
    await root.crash();
    await root.up();
    for (const path of ['a', 'b'])
      await root.rest.expect(path, ({ status, heartbeat }) => status === 'up' && heartbeat !== null);
    const listed = await root.rest.get('/api/v1/orders');
    assert.equal(listed.body.orders[0]?.count, 2);
    const changed = await scale(3);
    assert.deepEqual(
      [changed.body.status, changed.body.data.keep],
      ['succeeded', true],
      JSON.stringify(changed.body),
    );
    await runs(3);
    assert.ok(
      before.every(number => running().includes(number)),
      'nothing was replaced by the restart',
    );
    assert.equal((await root.rest.ask('DELETE', '/api/v1/orders/web')).status, 204);
    assert.deepEqual((await root.rest.get('/api/v1/orders')).body.orders, []);
    assert.equal((await root.rest.ask('DELETE', '/api/v1/orders/web')).status, 404);
    await reset();
  });
});

const maintenanceOf = (node: unknown) => (node as { maintenance: { at: string } | null }).maintenance;
