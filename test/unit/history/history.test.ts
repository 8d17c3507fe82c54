import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Kept, scratch, TestClock } from './support.js';

const DAY = 86_400_000;

test('transitions, incidents, events and maintenance are kept in order, with rising numbers', async t => {
  const box = scratch();
  t.after(box.remove);
  const node = await Kept.open(box.path);
  node.state('web');
  node.down('web');
  node.event('web');
  node.state('web', { maintenance: { since: node.clock.now(), until: null, by: 'ops' } });
  node.state('web');
  node.forget('web');
  assert.deepEqual(await node.all(), [
    'web null>up',
    'web up>down',
    'web incident open',
    'web phase',
    'web down>up',
    'web incident up',
    'web maintenance on',
    'web maintenance off',
    'web up>null',
  ]);
  const { entries } = await node.history.page({
    filter: { home: '' },
    order: 'oldest',
    limit: 100,
    cursor: null,
  });
  const ids = entries.map(entry => entry.id);
  assert.deepEqual(
    ids,
    [...new Set(ids)].sort((a, b) => a - b),
  );
  await node.close();
});

test('maintenance of one that is gone ends at its time, once, and counts no longer', async t => {
  const box = scratch();
  t.after(box.remove);
  const node = await Kept.open(box.path);
  const since = node.clock.now();
  const maintenance = { since, until: since + 10_000, by: 'ops' };
  node.state('web', { maintenance });
  node.state('web', { link: 'lost', reason: 'will' });
  // Told by its parent, whose clock is slower, and by itself when it is back.
  node.pass(20_000);
  node.state('web', { link: 'lost', reason: 'will', maintenance });
  node.pass(10_000);
  node.state('web', { maintenance });
  node.state('web', { maintenance: null });
  assert.deepEqual(
    (await node.all()).filter(line => line.includes('maintenance')),
    ['web maintenance on', 'web maintenance off'],
  );
  const { entries } = await node.history.page({
    filter: { home: '' },
    order: 'oldest',
    limit: 100,
    cursor: null,
  });
  assert.equal(entries.find(entry => entry.type === 'maintenance' && !entry.on)?.at, since + 10_000);
  const [web] = await node.history.availability(['web'], { from: since, to: since + 30_000 });
  assert.deepEqual([web?.times.maintenance, web?.times.down], [10_000, 20_000]);
  await node.close();
});

test('one outage of a relay with 100 leaves is one incident with the count, and one recovery', async t => {
  const box = scratch();
  t.after(box.remove);
  const node = await Kept.open(box.path);
  node.relay('rack1');
  for (let leaf = 0; leaf < 100; leaf++) node.state(`rack1/leaf${leaf}`);
  node.pass(1000);
  node.lost('rack1');
  node.pass(60_000);
  const [open] = await node.history.incidents({ home: '' }, 10);
  assert.deepEqual([open?.path, open?.hidden, open?.cause, open?.closedAt], ['rack1', 100, 'timeout', null]);
  node.relay('rack1', { reason: 'heard again' });
  for (let leaf = 0; leaf < 100; leaf++) node.state(`rack1/leaf${leaf}`);
  node.pass(60_000);
  const after = await node.history.incidents({ home: '' }, 10);
  assert.deepEqual(
    after.map(({ id, hidden, end }) => [id === open?.id, hidden, end]),
    [[true, 100, 'up']],
  );
  const told = (await node.all()).filter(line => !line.includes('null>'));
  assert.deepEqual(told, ['rack1 up>down', 'rack1 incident open', 'rack1 down>up', 'rack1 incident up']);
  await node.close();
});

describe('after a restart of the node', () => {
  test('numbers go on rising, what was told is not told again, and the time between is unobserved', async t => {
    const box = scratch();
    t.after(box.remove);
    const clock = new TestClock();
    const before = await Kept.open(box.path, clock);
    before.state('web');
    before.down('api');
    before.state('old');
    const last = before.history.store.last;
    await before.close();
    clock.pass(30_000);
    const after = await Kept.open(box.path, clock);
    after.observer.start();
    after.observer.stop();
    after.state('web');
    after.state('api');
    after.pass(10_000);
    assert.ok(after.history.store.last > last);
    assert.deepEqual((await after.all()).slice(4), [
      'observer: this node was not running',
      'api down>up',
      'api incident up',
      'old up>unknown',
    ]);
    await after.close();
  });

  test('numbers rise also where the store was lost, and the clock stood still', async t => {
    const [one, other] = [scratch(), scratch()];
    t.after(one.remove);
    t.after(other.remove);
    const clock = new TestClock();
    const before = await Kept.open(one.path, clock);
    for (let event = 0; event < 500; event++) before.event('web');
    clock.pass(1);
    const after = await Kept.open(other.path, clock);
    after.event('web');
    assert.ok(after.history.store.last > before.history.store.last);
    await Promise.all([before.close(), after.close()]);
  });
});

describe('what is kept is bounded', () => {
  test('by age: what is older goes, and how a node was then stays known', async t => {
    const box = scratch();
    t.after(box.remove);
    const node = await Kept.open(box.path, new TestClock(), { maxAgeMs: DAY });
    node.state('web');
    node.state('gone');
    node.forget('gone');
    node.event('web');
    node.pass(DAY + 1000);
    node.event('web');
    await node.history.store.flushed();
    node.history.store.touch();
    assert.deepEqual(await node.all(), ['web phase']);
    const now = node.clock.now();
    const [web] = await node.history.availability(['web'], { from: now - 1000, to: now });
    assert.deepEqual([web?.times.up, web?.times.unobserved], [1000, 0]);
    assert.equal(await node.history.store.ledger.get('b!gone'), undefined);
    await node.close();
  });

  test('by bytes: the oldest goes, some at a time', async t => {
    const box = scratch();
    t.after(box.remove);
    const maxBytes = 100_000;
    const node = await Kept.open(box.path, new TestClock(), { maxBytes });
    node.state('web');
    let most = 0;
    for (let event = 0; event < 3000; event++) {
      node.event('', { path: 'web', reason: `number ${event}` });
      if (event % 100 === 99) await node.history.store.flushed();
      most = Math.max(most, node.history.store.meta.bytes);
    }
    const { entries } = await node.history.page({
      filter: { home: '' },
      order: 'newest',
      limit: 5000,
      cursor: null,
    });
    assert.ok(entries.length > 200 && entries.length < 1000, `kept ${entries.length}`);
    assert.ok(
      entries.every((entry, at) => entry.type === 'evt' && entry.event.reason === `number ${2999 - at}`),
    );
    assert.ok(most <= maxBytes * 1.5, `held ${most}`);
    assert.ok(node.history.store.meta.bytes <= maxBytes);
    await node.close();
  });
});

test('a flood of one child pushes out nothing of others, and how it ended is kept when there is room', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const box = scratch();
  t.after(box.remove);
  const node = await Kept.open(box.path, new TestClock(), { maxBytes: 400_000 });
  node.history.start();
  node.state('db');
  node.event('db');
  node.relay('rack1');
  for (let turn = 0; turn < 1000; turn++) {
    node.event('rack1/web', { reason: 'x'.repeat(1000) });
    node.state('rack1/web', { labels: { [`k${'y'.repeat(1000)}`]: 'v' } });
    node.down('rack1/web');
  }
  await node.history.store.flushed();
  const all = await node.all();
  assert.deepEqual(all.slice(0, 3), ['db null>up', 'db phase', 'rack1 null>up']);
  node.clock.pass(5000);
  t.mock.timers.tick(5000);
  const [told] = (await node.history.page({ filter: { home: '' }, order: 'newest', limit: 1, cursor: null }))
    .entries;
  assert.match(told?.type === 'evt' ? told.event.reason : '', /^\d{3} events of "rack1" were not kept/);
  assert.ok(all.length < 200, `${all.length} entries`);
  assert.ok(node.history.store.meta.bytes < 100_000, `${node.history.store.meta.bytes} bytes`);
  node.state('rack1/web');
  node.clock.pass(86_400_000);
  t.mock.timers.tick(5000);
  await node.history.store.flushed();
  assert.equal(node.history.recorder.newest('rack1/web')?.status, 'up');
  assert.deepEqual([...node.history.recorder.openIncidents()], []);
  await node.close();
});

test('a node that has told very much is not read whole to say how available it was', async t => {
  const box = scratch();
  t.after(box.remove);
  const node = await Kept.open(box.path);
  const restarts = 2500;
  for (let turn = 0; turn < restarts; turn++) {
    node.state('web');
    node.event('web', { from: 'exited', to: 'starting' });
    node.down('web');
  }
  const { store } = node.history;
  await store.flushed();
  let most = 0;
  const { ledger } = store;
  const read = ledger.read.bind(ledger);
  ledger.read = async range => {
    const found = await read(range);
    most = Math.max(most, found.length);
    return found;
  };
  const now = node.clock.now() + 1;
  const [web] = await node.history.availability(['web'], { from: now - 1000, to: now });
  assert.deepEqual([web?.restarts, web?.failures], [restarts, restarts]);
  assert.ok(most > 0 && most < 1000, `${most} at once`);
  await node.close();
});

test('a node that was suspended says that it saw nothing meanwhile', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const box = scratch();
  t.after(box.remove);
  const node = await Kept.open(box.path);
  node.state('web');
  await node.history.store.flushed();
  node.history.start();
  node.clock.pass(5000);
  t.mock.timers.tick(5000);
  await node.history.store.flushed();
  node.clock.pass(600_000);
  t.mock.timers.tick(5000);
  assert.deepEqual((await node.all()).slice(1), ['observer: this node was suspended']);
  const now = node.clock.now();
  const [web] = await node.history.availability(['web'], { from: now - 605_000, to: now });
  assert.deepEqual([web?.times.up, web?.times.unobserved], [5000, 600_000]);
  await node.close();
});
