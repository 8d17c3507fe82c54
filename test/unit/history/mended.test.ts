/** A store that could not be used, and can be again: nothing that happened meanwhile is lost. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fill, mountSmall } from '../../support/full-disk.js';
import { Kept, scratch, TestClock } from './support.js';

/** Time for it to look again. */
async function looked(node: Kept): Promise<void> {
  node.pass(61_000);
  await node.history.store.flushed();
  node.history.store.touch();
  await node.history.store.flushed();
}
const codes = (node: Kept): string[] => node.troubles.map(told => told.split(':')[0] as string);

test('a directory that was not there: what was kept in memory is on disk once it is', async t => {
  const box = scratch();
  t.after(box.remove);
  const clock = new TestClock();
  const place = join(box.path, 'mounted');
  const node = await Kept.open(place, clock);
  node.state('web');
  node.down('api');
  node.event('web');
  await looked(node);
  assert.equal(node.history.store.ledger.isOnDisk, false);
  mkdirSync(place);
  await looked(node);
  assert.ok(node.history.store.ledger.isOnDisk);
  assert.deepEqual(codes(node), ['history-unwritable', 'history-writable']);
  const all = ['web null>up', 'api null>down', 'api incident open', 'web phase'];
  assert.deepEqual(await node.all(), all);
  await node.close();
  const again = await Kept.open(place, clock);
  assert.deepEqual(await again.all(), all);
  assert.deepEqual(
    [...again.history.recorder.openIncidents()].map(({ path }) => path),
    ['api'],
  );
  await again.close();
});

test('one that another process held: that one’s entries and these, what holds now, and the time that neither knows', async t => {
  const box = scratch();
  t.after(box.remove);
  const clock = new TestClock();
  const holder = await Kept.open(box.path, clock);
  holder.state('web');
  holder.down('api');
  await holder.history.store.flushed();
  clock.pass(60_000);
  const node = await Kept.open(box.path, clock);
  clock.pass(1000);
  node.state('web');
  node.down('db');
  await holder.close();
  // Its last sign of life is its end.
  clock.pass(1000);
  await looked(node);
  assert.ok(node.history.store.ledger.isOnDisk, String(node.troubles));
  assert.deepEqual(await node.all(), [
    ...['web null>up', 'api null>down', 'api incident open'],
    ...['web null>up', 'db null>down', 'db incident open'],
  ]);
  node.state('db');
  assert.deepEqual((await node.all()).slice(-2), ['db down>up', 'db incident up']);
  await node.close();
  const again = await Kept.open(box.path, clock);
  assert.deepEqual([...again.history.recorder.openIncidents()], []);
  assert.deepEqual(
    [...again.history.recorder.states()].map(({ path, status }) => `${path} ${status}`).sort(),
    ['db up', 'web up'],
  );
  await again.close();
});

test('a disk that is full, and has room again: all of it, in order, and what was over meanwhile is over', async t => {
  const place = mountSmall(t, '12m');
  if (place === null) return t.skip('needs to mount a tmpfs');
  const clock = new TestClock();
  const node = await Kept.open(place, clock);
  node.state('web');
  node.down('api');
  await node.history.store.flushed();
  fill(place);
  let sent = 0;
  const events = async (count: number): Promise<void> => {
    for (const end = sent + count; sent < end; )
      node.event('web', { reason: `${sent++} ${'x'.repeat(900)}` });
    await node.history.store.flushed();
  };
  for (let round = 0; round < 50 && node.history.store.ledger.isOnDisk; round++) await events(100);
  assert.deepEqual(codes(node), ['history-unwritable']);
  node.state('api');
  await events(100);
  await looked(node);
  assert.equal(node.history.store.ledger.isOnDisk, false);
  rmSync(join(place, 'filler'));
  await looked(node);
  assert.ok(node.history.store.ledger.isOnDisk);
  assert.deepEqual(codes(node), ['history-unwritable', 'history-writable']);
  await events(100);
  await node.close();
  const again = await Kept.open(place, clock);
  const told = await again.all();
  assert.equal(told.filter(line => line === 'web phase').length, sent);
  assert.deepEqual(
    told.filter(line => line !== 'web phase'),
    ['web null>up', 'api null>down', 'api incident open', 'api down>up', 'api incident up'],
  );
  assert.deepEqual([...again.history.recorder.openIncidents()], []);
  assert.ok(again.history.store.meta.bytes > sent * 900);
  await again.close();
});

test('what memory had no room for is told as time that nobody knows', async t => {
  const box = scratch();
  t.after(box.remove);
  const clock = new TestClock();
  const holder = await Kept.open(box.path, clock);
  const node = await Kept.open(box.path, clock, { maxBytes: 50_000 });
  node.state('web');
  const since = clock.now();
  await holder.close();
  for (let event = 0; event < 600; event++) {
    clock.pass(100);
    node.event('', { path: 'web' });
    if (event % 50 === 49) await node.history.store.flushed();
  }
  const from = node.history.store.meta.since;
  assert.ok(from > since + 20_000, 'the oldest are gone');
  await looked(node);
  assert.ok(node.history.store.ledger.isOnDisk);
  const { entries } = await node.history.page({
    filter: { home: '', event: 'observer' },
    order: 'newest',
    limit: 10,
    cursor: null,
  });
  assert.deepEqual(
    entries.map(entry => entry.type === 'observer' && [entry.since, entry.at, entry.reason]),
    [[since, from, 'what happened then could not be kept']],
  );
  const [web] = await node.history.availability(['web'], { from: since, to: from + 5000 });
  assert.deepEqual([web?.times.unobserved, web?.times.up], [from - since, 5000]);
  await node.close();
});
