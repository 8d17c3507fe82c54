/** Scaling where things go wrong meanwhile: frozen leaves, crash loops, orders at odds, made-up figures. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { canopy } from '../support/cli.js';
import { publish, Tap } from '../support/mqtt-tools.js';
import { type NodeProcess, startLeaf, startRoot } from '../support/nodes.js';
import { skipWithout } from '../support/parts.js';
import { Rack } from '../support/racks.js';
import { Sandbox } from '../support/sandbox.js';
import { sleepers } from '../support/targets.js';
import { until } from '../support/wait.js';

describe('balancing at odds', { skip: skipWithout('mosquitto_pub', 'mosquitto_sub') }, () => {
  const box = new Sandbox({ after });
  let root: NodeProcess;
  before(async () => {
    root = await startRoot(box);
  });
  const scale = (app: string, count: number, args = {}, node = root as { rest: NodeProcess['rest'] }) =>
    node.rest.command('', 'scale', { select: { app }, args: { count, ...args } }, 30);
  const leaf = (name: string, app: string, more = {}) =>
    startLeaf(box, root, { name, app_name: app, desired: 'stopped', ...more });
  const known = (path: string) => root.rest.expect(path, it => it.link === 'online' && it.heartbeat !== null);

  it('a start that nobody answered is not carried out later, and is no success', async () => {
    const frozen = await leaf('f1', 'icy', { target: 'sleep 6101' });
    await leaf('f2', 'icy', { target: 'sleep 6102' });
    for (const path of ['f1', 'f2']) await known(path);
    frozen.signal('SIGSTOP');
    const { body } = await scale('icy', 2, { timeout: 0.7 });
    assert.equal(body.status, 'partial', JSON.stringify(body));
    assert.deepEqual(body.data.uncertain, ['f1'], JSON.stringify(body.data));
    frozen.signal('SIGCONT');
    await root.rest.expect('f1', it => it.status === 'stopped' && it.link === 'online');
    // What was sent to it while it was frozen is answered in order: a ping behind it comes after it.
    assert.equal((await root.rest.command('f1', 'ping')).body.data.phase, 'stopped');
    assert.deepEqual(sleepers(box, '61'), ['02']);
  });

  it('nor one that was lost before it could be called off', async () => {
    const frozen = await leaf('g1', 'cold', { target: 'sleep 6401' });
    await known('g1');
    frozen.signal('SIGSTOP');
    // Longer than the timeout of its parent: nothing can be sent after it any more.
    const { body } = await scale('cold', 1, { timeout: 2.5 });
    assert.deepEqual([body.status, body.data.uncertain], ['failed', ['g1']], JSON.stringify(body));
    const tap = await Tap.open(box, root.port, 'canopy/g1/res');
    frozen.signal('SIGCONT');
    await root.rest.expect('g1', { link: 'online', status: 'stopped' });
    assert.equal((await root.rest.command('g1', 'ping')).body.data.phase, 'stopped');
    const told = tap.messages.filter(({ json }) => json.op === 'start').map(({ json }) => json.status);
    assert.ok(
      told.every(status => status === 'expired'),
      `${told}`,
    );
    assert.deepEqual(sleepers(box, '64'), []);
  });

  it('one in a crash loop is replaced by a standing order', async () => {
    await leaf('c1', 'loop', {
      target: `sh -c 'sleep 0.6; exit 1'`,
      backoff_min: 0.5,
      backoff_max: 0.5,
      desired: 'running',
    });
    await leaf('c2', 'loop', { target: 'sleep 6201' });
    for (const path of ['c1', 'c2']) await known(path);
    const { body } = await scale('loop', 1, { keep: true, lostAfter: 2 });
    assert.ok(['succeeded', 'partial'].includes(body.status), JSON.stringify(body));
    await until(() => sleepers(box, '62').length === 1, 15_000, 'another runs in its place');
    await root.rest.expect('c1', { phase: 'stopped' });
    await root.rest.command('', 'unkeep', { select: { app: 'loop' } });
  });

  it('two orders at odds give way, and say so; two for the same leaves are refused', async () => {
    const rack = await Rack.up(
      box,
      root,
      { name: 'r' },
      ['d1', 'd2'].map(name => ({
        name,
        app_name: 'torn',
        desired: 'stopped',
        labels: 'zone=a',
        target: `sleep 630${name[1]}`,
      })),
    );
    await root.rest.expect(
      'r',
      ({ heartbeat }) => (heartbeat?.apps as { torn?: { free: number } })?.torn?.free === 2,
    );
    assert.equal((await scale('torn', 1, { keep: true, lostAfter: 1 })).body.status, 'succeeded');
    const tap = await Tap.open(box, root.port, 'canopy/evt', 'canopy/r/evt');
    assert.equal((await scale('torn', 2, { keep: true, lostAfter: 1 }, rack)).body.status, 'succeeded');
    const orders = () => tap.messages.filter(({ json }) => json.event === 'order');
    // Each side tells what it did, and what the other had done.
    const odds = (topic: string, says: RegExp) =>
      tap.first(({ topic: on, json }) => on === topic && says.test(json.reason), 90_000);
    await odds(
      'canopy/evt',
      /^torn: 1 are to run; stopped r\/d\d; another order or hand undoes that again and again \(before this, r\/d\d: start by standing order of r \(torn: 2\)\); next look in \d+ s$/,
    );
    const listed = await canopy(box, ['orders'], { CANOPY_URL: root.rest.url });
    assert.match(listed.stdout, /\nat odds: torn: 1 are to run; .* standing order of r \(torn: 2\)/);
    const { orders: kept } = (await root.rest.get('/api/v1/orders')).body;
    const { atOdds } = kept.find((order: { app: string }) => order.app === 'torn');
    assert.ok(atOdds.nextLookIn > 0 && atOdds.nextLookIn <= 40, JSON.stringify(kept));
    await odds(
      'canopy/r/evt',
      /^torn: 2 are to run; started d\d; another .* \(before this, d\d: stop by standing order of root \(torn: 1\).*next look in \d+ s$/,
    );
    const before = orders().length;
    await pause(2000); // what is measured is that hardly anything happens in it
    assert.ok(orders().length - before <= 3, `${orders().length - before} more in two seconds`);
    const other = await root.rest.command('', 'scale', {
      select: { app: 'torn', label: 'zone=a' },
      args: { count: 1, keep: true },
    });
    assert.deepEqual(
      [other.body.status, other.body.error?.code],
      ['rejected', 'bad-argument'],
      JSON.stringify(other.body),
    );
    assert.match(other.body.error.message, /found that for torn; take it back first/);
    await root.rest.command('', 'unkeep', { select: { app: 'torn' } });
    await rack.stop();
  });

  it('a later number for the same service takes the place of one that waits, on every level below', async () => {
    const never = { readiness_probe: 'exec: false', app_name: 'slow', desired: 'stopped' };
    const rack = await Rack.up(box, root, { name: 's' }, [
      { name: 's1', target: 'sleep 6501', ...never },
      { name: 's3', target: 'sleep 6701', ...never, app_name: 'slower' },
    ]);
    await leaf('s2', 'slow', { target: 'sleep 6502', ...never });
    await root.rest.expect(
      's',
      ({ heartbeat }) => (heartbeat?.apps as { slow?: { free: number } })?.slow?.free === 1,
    );
    await known('s2');
    const answers = await Tap.open(box, root.port, 'canopy/s/res');
    const first = scale('slow', 2, { timeout: 60 });
    await until(() => sleepers(box, '65').length === 2);
    const second = scale('slow', 1, { timeout: 60 });
    const begun = performance.now();
    const early = (await first).body;
    assert.deepEqual([early.status, early.error.code], ['failed', 'superseded'], JSON.stringify(early));
    assert.match(early.error.message, /^a later scale of slow took its place; it was cut short/);
    const { body } = await scale('slow', 0, { timeout: 60 });
    assert.equal(body.status, 'succeeded', JSON.stringify(body));
    assert.notEqual((await second).body.status, 'running');
    assert.ok(performance.now() - begun < 10_000, 'none has waited for a timeout');
    assert.deepEqual(sleepers(box, '65'), []);
    const there = answers.messages.filter(({ json }) => json.op === 'scale' && json.done);
    assert.equal(there[0]?.json.error?.code, 'superseded', 'at the relay too');

    // One that comes at the relay itself is not superseded by what the root tries again.
    const above = scale('slower', 1, { timeout: 60 });
    await until(() => sleepers(box, '67').length === 1);
    const below = await scale('slower', 0, { timeout: 60 }, rack);
    assert.equal(below.body.status, 'succeeded', JSON.stringify(below.body));
    const given = (await above).body;
    // Whether it counts the one that ran is up to which roll-up it has seen.
    assert.ok(['partial', 'failed'].includes(given.status), JSON.stringify(given));
    assert.deepEqual(given.data.uncertain, ['s']);
    assert.match(given.data.results[0].error, /^superseded: /);
    assert.deepEqual(sleepers(box, '67'), []);
    await rack.stop();
  });

  it('nor does a start that was not answered come after it', async () => {
    const frozen = await leaf('h1', 'stiff', { target: 'sleep 6601' });
    await leaf('h2', 'stiff', { target: 'sleep 6602' });
    for (const path of ['h1', 'h2']) await known(path);
    frozen.signal('SIGSTOP');
    const first = scale('stiff', 2, { timeout: 60 });
    await root.rest.expect('h2', { status: 'up' });
    const { body } = await scale('stiff', 0, { timeout: 1 });
    assert.equal((await first).body.error?.code, 'superseded');
    assert.notEqual(body.status, 'rejected', JSON.stringify(body));
    frozen.signal('SIGCONT');
    await root.rest.expect('h1', { link: 'online' });
    // It answers in order: what was sent before this is behind it.
    await until(async () => (await root.rest.command('h1', 'ping')).body.data.phase === 'stopped');
    assert.deepEqual(sleepers(box, '66'), []);
  });

  it('figures that somebody made up cost nothing', async () => {
    const apps = { icy: { slots: 1e15, running: 1e15, free: 0, cpu: 0, rss: 0 } };
    const beat = { v: 1, epoch: 1, seq: 1, ts: 1, interval: 30, kind: 'relay', apps };
    const tap = await Tap.open(box, root.port, 'canopy/evt');
    await publish(root.port, 'canopy/evil/hb', JSON.stringify(beat));
    await tap.first(({ json }) => json.event === 'malformed' && /apps/.test(json.reason));
    const most = { ...beat, apps: { icy: { ...apps.icy, slots: 50_000, running: 50_000 } } };
    await publish(root.port, 'canopy/evil/hb', JSON.stringify(most));
    await known('evil');
    const begun = performance.now();
    const { body } = await scale('icy', 1, { timeout: 1 });
    assert.notEqual(body.status, 'succeeded', JSON.stringify(body));
    assert.ok(performance.now() - begun < 15_000);
  });
});
