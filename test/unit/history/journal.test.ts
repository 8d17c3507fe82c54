import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { HistoryEntry } from '../../../src/history/entries.js';
import { Journal } from '../../../src/history/journal.js';
import { Kept, scratch, TestClock } from './support.js';

const place = (t: TestContext): string => {
  const box = scratch();
  t.after(box.remove);
  return box.path;
};
const journalIn = (dir: string): string => join(dir, 'history.journal');

/** As a node leaves it that is killed before its store has anything of it. */
async function killed(dir: string, clock: TestClock, act: (node: Kept) => void): Promise<string> {
  const node = await Kept.open(dir, clock);
  act(node);
  const left = readFileSync(journalIn(dir), 'utf8');
  await node.close();
  return left;
}

test('what was added is there at once, and no longer once the store has it', async t => {
  const dir = place(t);
  const node = await Kept.open(dir);
  node.event('web');
  node.down('web');
  const types = new Journal(journalIn(dir)).found.map(({ type }) => type);
  assert.deepEqual(types, ['evt', 'state', 'incident']);
  await node.history.store.flushed();
  assert.equal(statSync(journalIn(dir)).size, 0);
  await node.close();
});

test('a killed node finds what its store had not got: once, in order, with what is open', async t => {
  const [dir, other] = [place(t), place(t)];
  const clock = new TestClock();
  const left = await killed(other, clock, node => {
    node.event('web');
    node.down('web');
    node.event('web', { event: 'spawn' });
  });
  await (await Kept.open(dir, clock)).close();
  // The last line was cut off, and one is none.
  writeFileSync(journalIn(dir), `${left}\n{"id":"x"}\n${left.slice(-60)}`);
  const all = ['web phase', 'web null>down', 'web incident open', 'web spawn'];
  const node = await Kept.open(dir, clock);
  assert.deepEqual(await node.all(), all);
  assert.deepEqual(
    node.history.store.recovered.map(({ type }) => type),
    ['evt', 'state', 'incident', 'evt'],
  );
  assert.deepEqual(
    [...node.history.recorder.openIncidents()].map(({ path }) => path),
    ['web'],
  );
  await node.close();
  // What the store has is not taken again.
  appendFileSync(journalIn(dir), left);
  const again = await Kept.open(dir, clock);
  assert.deepEqual(await again.all(), all);
  assert.deepEqual(again.history.store.recovered, []);
  await again.close();
});

test('without room for it history goes on', t => {
  const journal = new Journal(join(place(t), 'nowhere', 'history.journal'));
  journal.append({
    type: 'observer',
    id: 1,
    at: 1,
    path: '',
    app: null,
    since: 0,
    reason: '',
  } as HistoryEntry);
  journal.empty();
  journal.close();
  assert.deepEqual(journal.found, []);
});
