import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Leases } from '../../../src/core/leases.js';
import { intervalProblem, Watch } from '../../../src/tree/watch.js';
import { beatOf, message, openBelow, stateOf } from './support.js';

const TIMEOUT = 10_000;

test('a timeout must be higher than the interval, and should be twice as high', () => {
  const cases: [intervalMs: number, timeoutMs: number, problem: RegExp | null][] = [
    [3000, 10_000, null],
    [5000, 10_000, null],
    [5001, 10_000, /less than two intervals/],
    [9999, 10_000, /less than two intervals/],
    [10_000, 10_000, /CANOPY_TIMEOUT must be higher .* it is not declared lost/],
    [60_000, 10_000, /beats every 60 s while the timeout of its parent is 10 s/],
    [250, 500, null],
  ];
  for (const [interval, timeout, problem] of cases) {
    const found = intervalProblem(interval, timeout);
    if (problem === null) assert.equal(found, null, `${interval} ${timeout}`);
    else assert.match(found ?? '', problem);
  }
});

const SILENT = { info: () => {}, warn: () => {} };

/** A watch over a real broker; its sweeps are the test's to run, and so is the time. */
async function watching(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const below = await openBelow();
  const released: string[] = [];
  const { registry, clock, publisher, ingest, place } = below;
  const release = (name: string) => released.push(name);
  const watch = new Watch(TIMEOUT, {
    leases: new Leases(),
    registry,
    clock,
    publisher,
    release,
    log: SILENT,
  });
  ingest.listen(watch);
  watch.start();
  t.after(() => {
    watch.stop();
    return place.close();
  });
  const pass = async (ms: number, step = 1000) => {
    for (let left = ms; left > 0; left -= step) {
      clock.pass(step);
      t.mock.timers.tick(step);
    }
    await place.link.flush(5000);
  };
  let seq = 100;
  const beat = (path: string, interval = 3) =>
    place.link.publish(message(`canopy/${path}/hb`, beatOf({ seq: ++seq, interval })));
  const online = (path: string) => place.link.publish(message(`canopy/${path}/state`, stateOf(), true));
  const events = async () =>
    (await place.said('evt')).map(({ value: { event, path, to, reason } }) => [event, path, to ?? reason]);
  return { ...below, released, pass, beat, online, events };
}

test('a loss is told at once when the timeout is over, however it falls between two looks', async t => {
  const { registry, pass, online } = await watching(t);
  await pass(520, 20);
  online('web');
  await pass(9000);
  await pass(980, 20);
  assert.equal(registry.get('web')?.link, 'online');
  await pass(100, 20);
  assert.equal(registry.get('web')?.link, 'lost');
});

test('a silent child is lost after the timeout: said on its behalf with its last facts, its name is free', async t => {
  const { place, registry, released, pass, online, events } = await watching(t);
  online('web');
  await pass(9000);
  assert.equal(registry.get('web')?.link, 'online');
  await pass(1000);
  const last = (await place.said('state')).at(-1);
  assert.deepEqual(
    [last?.path, last?.value.link, last?.value.reason, last?.value.phase],
    ['web', 'lost', 'timeout', 'running'],
  );
  assert.deepEqual(released, ['web']);
  assert.deepEqual(await events(), [['link', 'web', 'lost']]);
  await pass(60_000);
  assert.equal((await events()).length, 1);
});

test('a child that beats stays; heard again after a loss it is online again', async t => {
  const { registry, pass, beat, online, events } = await watching(t);
  online('web');
  for (let times = 0; times < 5; times++) {
    beat('web');
    await pass(9000);
    assert.equal(registry.get('web')?.link, 'online');
  }
  await pass(10_000);
  assert.equal(registry.get('web')?.link, 'lost');
  beat('web');
  assert.deepEqual(await events(), [
    ['link', 'web', 'lost'],
    ['link', 'web', 'online'],
  ]);
  assert.deepEqual([registry.get('web')?.link, registry.get('web')?.reason], ['online', 'heard again']);
});

test('a heartbeat that its goodbye has overtaken brings nobody back, nor makes him lost later', async t => {
  const { place, registry, pass, events } = await watching(t);
  const say = (state: Parameters<typeof stateOf>[0]) =>
    place.link.publish(message('canopy/rack1/state', stateOf({ kind: 'relay', ...state }), true));
  const beat = (seq: number, stateSeq: number) =>
    place.link.publish(message('canopy/rack1/hb', beatOf({ kind: 'relay', seq, stateSeq })));
  say({ seq: 1 });
  await pass(11_000);
  assert.equal(registry.get('rack1')?.link, 'lost');
  // Heard again, and said goodbye before anybody could say so.
  beat(1, 1);
  const ts = 1_790_000_000_000;
  say({ seq: 2, link: 'offline', reason: 'restart', ts, restartBy: ts + 60_000 });
  await pass(1000);
  assert.deepEqual([registry.get('rack1')?.link, registry.get('rack1')?.reason], ['offline', 'restart']);
  // Held back on its way to be sent with others.
  beat(2, 1);
  await pass(15_000);
  assert.deepEqual([registry.get('rack1')?.link, registry.get('rack1')?.reason], ['offline', 'restart']);
  assert.deepEqual((await events()).slice(1), [['link', 'rack1', 'offline']]);
  await pass(60_000);
  assert.equal(registry.get('rack1')?.link, 'lost', 'it was not back in time');
});

test('a child slower than the timeout is told of once, and not declared lost for it', async t => {
  const { registry, pass, beat, online, events } = await watching(t);
  online('slow');
  for (let times = 0; times < 3; times++) {
    beat('slow', 20);
    await pass(20_000);
  }
  assert.equal(registry.get('slow')?.link, 'online');
  const [first, ...more] = await events();
  assert.deepEqual([first?.slice(0, 2), more], [['misconfigured', 'slow'], []]);
  beat('slow', 3);
  beat('slow', 20);
  assert.equal((await events()).length, 2, 'it had mended its ways in between');
});

test('only direct children are watched; what says goodbye or is forgotten is not', async t => {
  const { place, registry, pass, online, beat, events } = await watching(t);
  for (const path of ['rack1', 'rack1/web', 'gone', 'bye']) online(path);
  place.link.publish(message('canopy/bye/state', stateOf({ link: 'offline' }), true));
  place.link.publish(message('canopy/gone/state', Buffer.alloc(0), true));
  for (let times = 0; times < 4; times++) {
    beat('rack1');
    await pass(9000);
  }
  assert.equal(registry.get('rack1/web')?.link, 'online');
  assert.deepEqual(await events(), [['link', 'bye', 'offline']]);
});

test('a child forgotten while it was alive is known again by its next heartbeat, its state retained', async t => {
  const { place, pass, online, beat } = await watching(t);
  online('web');
  place.link.publish(message('canopy/web/state', Buffer.alloc(0), true));
  await pass(1000);
  beat('web');
  await place.said('state');
  const [retained] = await place.link.retained('canopy/web/state');
  assert.equal(JSON.parse(String(retained?.payload)).link, 'online');
});
