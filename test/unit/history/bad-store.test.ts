import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { Cursor } from '../../../src/history/level-bytes.js';
import { Kept, scratch, TestClock } from './support.js';

/** A store with some thousand entries in files of its own. */
async function filled(directory: string, clock: TestClock): Promise<string[]> {
  const node = await Kept.open(directory, clock);
  node.state('web');
  for (let event = 0; event < 3000; event++) node.event('web', { reason: `${'x'.repeat(100)} ${event}` });
  const all = await node.all();
  await node.close();
  const db = new ClassicLevel(join(directory, 'history'));
  await db.open();
  await db.compactRange('a', 'z');
  await db.close();
  return all;
}
const asides = (directory: string): string[] => readdirSync(directory).filter(name => name.includes('.bad-'));
const files = (directory: string, like: RegExp): string[] =>
  readdirSync(join(directory, 'history'))
    .filter(name => like.test(name))
    .map(name => join(directory, 'history', name));

/** Name, what is done to it, and how its code begins. */
const HARM: [string, (directory: string) => void, string][] = [
  ['a table is cut short', box => truncateSync(files(box, /\.ldb$/)[0] as string, 100), 'history-corrupt'],
  ['a table is gone', box => rmSync(files(box, /\.ldb$/)[0] as string), 'history-corrupt'],
  ['a byte of a table is another', box => flip(files(box, /\.ldb$/)[0] as string), 'history-corrupt'],
  ['a table is overwritten', box => scribble(files(box, /\.ldb$/)[0] as string), 'history-corrupt'],
  [
    'the manifest is cut short',
    box => truncateSync(files(box, /^MANIFEST/)[0] as string, 10),
    'history-corrupt',
  ],
  ['the manifest is overwritten', box => scribble(files(box, /^MANIFEST/)[0] as string), 'history-corrupt'],
  ['CURRENT is gone', box => rmSync(join(box, 'history', 'CURRENT')), 'history-corrupt'],
  [
    'CURRENT names another file',
    box => writeFileSync(join(box, 'history', 'CURRENT'), 'x\n'),
    'history-corrupt',
  ],
  ['CURRENT is empty', box => truncateSync(join(box, 'history', 'CURRENT')), 'history-corrupt'],
  ['it is a file', box => asFile(join(box, 'history')), 'history-corrupt'],
];

function scribble(file: string): void {
  writeFileSync(file, Buffer.alloc(readFileSync(file).length, 'scribble'));
}
/** In the middle of its filter, which ends where the first thing that its footer names begins: LevelDB would never say so. */
function flip(file: string): void {
  const bytes = readFileSync(file);
  const at = new Cursor(bytes.subarray(-48)).varint() - 2000;
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(file, bytes);
}
function asFile(directory: string): void {
  rmSync(directory, { recursive: true });
  writeFileSync(directory, 'none');
}

describe('a store that cannot be read as one is put aside, said, and begun anew', () => {
  for (const [name, harm, code] of HARM)
    test(name, async t => {
      const box = scratch();
      t.after(box.remove);
      const clock = new TestClock();
      await filled(box.path, clock);
      harm(box.path);
      clock.pass(1000);
      const node = await Kept.open(box.path, clock);
      node.state('web');
      node.down('web');
      const told = await node.all();
      assert.deepEqual(told.slice(-2), ['web up>down', 'web incident open']);
      assert.ok(node.history.store.ledger.isOnDisk);
      assert.equal(asides(box.path).length, 1, String(node.troubles));
      assert.equal(node.troubles.length, 1);
      assert.ok(node.troubles[0]?.startsWith(code), node.troubles[0]);
      await node.close();
      const again = await Kept.open(box.path, clock);
      assert.deepEqual(again.troubles, []);
      assert.ok((await again.all()).includes('web up>down'));
      await again.close();
    });
});

async function withMeta(directory: string, meta: string): Promise<void> {
  const db = new ClassicLevel(join(directory, 'history'));
  await db.open();
  await db.put('meta', meta);
  await db.close();
}

test('one of a newer version is put aside untouched', async t => {
  const box = scratch();
  t.after(box.remove);
  const clock = new TestClock();
  const all = await filled(box.path, clock);
  await withMeta(box.path, JSON.stringify({ version: 2, horizon: 0, since: 0, bytes: 0, alive: 0 }));
  const node = await Kept.open(box.path, clock);
  assert.match(
    node.troubles[0] ?? '',
    /^history-newer: .*expected a store of version 1, found one of version 2/,
  );
  await node.close();
  const [aside = ''] = asides(box.path);
  const db = new ClassicLevel(join(box.path, aside));
  await db.open();
  assert.equal((await db.keys({ gte: 'e!', lt: 'e!~' }).all()).length, all.length);
  await db.close();
});

test('one that does not say its version is put aside', async t => {
  const box = scratch();
  t.after(box.remove);
  const clock = new TestClock();
  await filled(box.path, clock);
  await withMeta(box.path, 'none');
  const node = await Kept.open(box.path, clock);
  assert.match(node.troubles[0] ?? '', /^history-corrupt: /);
  await node.close();
});

test('one that another process holds is left alone: this one keeps its history in memory', async t => {
  const box = scratch();
  t.after(box.remove);
  const clock = new TestClock();
  const holder = await Kept.open(box.path, clock);
  const node = await Kept.open(box.path, clock);
  node.state('web');
  assert.deepEqual(await node.all(), ['web null>up']);
  assert.equal(node.history.store.ledger.isOnDisk, false);
  assert.match(node.troubles[0] ?? '', /^history-locked: /);
  assert.deepEqual(asides(box.path), []);
  await Promise.all([node.close(), holder.close()]);
});

test('where it cannot be written it is kept in memory', async () => {
  const node = await Kept.open('/proc/nowhere');
  node.state('web');
  node.down('web');
  assert.deepEqual(await node.all(), ['web null>up', 'web up>down', 'web incident open']);
  assert.match(node.troubles[0] ?? '', /^history-unwritable: /);
  await node.close();
});

test('one that goes bad while it is in use is put aside, and a new one begins with what holds', async t => {
  const box = scratch();
  t.after(box.remove);
  const clock = new TestClock();
  await filled(box.path, clock);
  const node = await Kept.open(box.path, clock);
  for (const file of files(box.path, /\.ldb$/).slice(-1)) scribble(file);
  node.down('api');
  clock.pass(5000);
  // Read from the middle, which nothing has looked at yet.
  const page = { filter: { home: '', app: 'none' }, order: 'newest', limit: 1000, cursor: null } as const;
  await node.history.page(page);
  assert.match(node.troubles[0] ?? '', /^history-corrupt: /);
  assert.ok(node.history.store.ledger.isOnDisk);
  clock.pass(5000);
  node.state('api');
  const told = await node.all();
  assert.deepEqual(told, ['api down>up', 'api incident up']);
  const now = clock.now();
  const [web] = await node.history.availability(['web'], { from: now - 7000, to: now });
  assert.deepEqual([web?.times.unobserved, web?.times.up], [2000, 5000]);
  await node.close();
});
