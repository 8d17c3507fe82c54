/** Lines that are passed over because their target is faster than its leaf, step by step. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  cpSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Capture } from '../../../src/logs/capture.js';
import { Clearing } from '../../../src/logs/clear.js';
import { DataFiles } from '../../../src/logs/data-files.js';
import { Keeping } from '../../../src/logs/keep.js';
import { LogIndex } from '../../../src/logs/log-index.js';
import { UNCOUNTED } from '../../../src/logs/overrun.js';
import { extendReserve } from '../../../src/logs/reserve.js';
import { Segment } from '../../../src/logs/segment.js';
import { ask, assertExact, Hand, numbered, place, storeIn, wrote } from './support.js';

const MIB = 1024 * 1024;
const SMALL = { segmentBytes: 256 * 1024, maxBytes: MIB } as const;

/** A capture that looks when it is told to. */
function byHand(t: TestContext, most: number) {
  const dir = place(t);
  mkdirSync(join(dir, 'index'), { recursive: true });
  const files = { stdout: new DataFiles(dir, 'stdout', []), stderr: new DataFiles(dir, 'stderr', []) };
  const { path } = files.stdout.prepare({ longest: most, indexed: 0, seq: 1 });
  const index = new LogIndex(join(dir, 'index'), () => files);
  index.begin({ first: 1, ends: { stdout: 0, stderr: 0 } });
  const ports = { most, now: () => 1, held: () => 0, truncated: () => {}, passed: () => {} };
  return { dir, path, index, capture: new Capture(index, files, ports) };
}

function keepingOf(index: LogIndex): Keeping {
  const files = { stdout: new DataFiles('', 'stdout', []), stderr: new DataFiles('', 'stderr', []) };
  const options = { dir: '', ...SMALL, maxAgeMs: null, capture: 'files', clock: new Hand() } as const;
  return new Keeping(index, new Clearing(index, files, true), options);
}

test('where not even counting keeps up, numbers are left out, and it is said how many at most', async t => {
  const { dir, path, index, capture } = byHand(t, SMALL.maxBytes);
  appendFileSync(path, 'a line\n'.repeat(MIB));
  capture.take(false);
  index.flush();
  assert.ok(index.seq > 1 && index.seq < MIB);
  const from = index.seq;
  const at = index.ends.stdout;
  const fd = openSync(path, 'a');
  ftruncateSync(fd, statSync(path).size + 2 * UNCOUNTED);
  appendFileSync(fd, `\n${'later\n'.repeat(MIB / 6)}`);
  capture.take(false);
  const skipped = index.ends.stdout - at;
  assert.ok(skipped > UNCOUNTED);
  assert.equal(index.seq, from + skipped);
  index.flush();
  while (capture.take(false).more);
  index.flush();
  capture.close();
  for (const spoilt of [false, true]) {
    // Its one record: without it there are the same numbers.
    const name = readdirSync(join(dir, 'index')).find(it => it.startsWith(`${from}.`)) ?? '';
    if (spoilt) writeFileSync(join(dir, 'index', name), Buffer.alloc(10));
    const store = storeIn(dir);
    store.open();
    const { items, lines } = await ask(store);
    const [gap] = items;
    assert.deepEqual(
      gap?.kind === 'gap' && [gap.from, gap.to, gap.reason.includes('so many lines at most')],
      [from, from + skipped - 1, !spoilt],
    );
    assert.deepEqual([lines[0]?.seq, lines[0]?.text], [from + skipped, 'later']);
  }
});

test('a leaf that is killed at any point of it goes on with the same numbers', async t => {
  const { dir, path, index, capture } = byHand(t, SMALL.maxBytes);
  appendFileSync(path, numbered(1, 12_000));
  index.longest = 64 * 1024;
  while (capture.take(false).more);
  index.flush();
  const first = (name: string): number => Number(name.split('.')[0]);
  const inIndex = (): string[] => readdirSync(join(dir, 'index')).sort((a, b) => first(a) - first(b));
  const before = inIndex();
  assert.ok(before.length > 4);
  const was = `${dir}-was`;
  cpSync(dir, was, { recursive: true });
  appendFileSync(path, numbered(12_001, 90_000));
  capture.take(false);
  const [next = ''] = inIndex();
  assert.ok(first(next) > 12_001 && inIndex().length === 1, 'all before was dropped');
  for (let removed = 0; removed <= before.length; removed++) {
    const place = `${dir}-${removed}`;
    cpSync(was, place, { recursive: true });
    cpSync(path, path.replace(dir, place));
    writeFileSync(join(place, 'index', next), '');
    for (const name of before.slice(0, removed)) rmSync(join(place, 'index', name));
    const store = storeIn(place);
    store.open();
    await store.stop();
    assertExact(await ask(store), 90_000);
  }
});

test('nor do numbers come twice where it was killed amid lines that are not counted', t => {
  const { dir, path, index, capture } = byHand(t, SMALL.maxBytes);
  appendFileSync(path, 'a line\n'.repeat(MIB));
  capture.take(false);
  index.flush();
  const [from, at] = [index.seq, index.ends.stdout];
  const fd = openSync(path, 'a');
  ftruncateSync(fd, statSync(path).size + 2 * UNCOUNTED);
  appendFileSync(fd, '\n');
  closeSync(fd);
  t.mock.method(Segment.prototype, 'remove', () => {
    throw new Error('killed');
  });
  assert.throws(() => capture.take(false), /killed/);
  capture.close();
  const next = new LogIndex(join(dir, 'index'), () => ({
    stdout: new DataFiles(dir, 'stdout', readdirSync(dir)),
    stderr: new DataFiles(dir, 'stderr', []),
  }));
  next.open();
  assert.ok(next.ends.stdout - at > UNCOUNTED);
  assert.equal(next.seq - from, next.ends.stdout - at, 'as many as they can have been');
});

test('of two segments that begin with the same line, the one behind more bytes goes on', t => {
  const { dir } = byHand(t, MIB);
  for (const name of ['1.0.0', '1.10.5', '1.2.5']) writeFileSync(join(dir, 'index', name), '');
  const index = new LogIndex(join(dir, 'index'), () => ({
    stdout: new DataFiles(dir, 'stdout', []),
    stderr: new DataFiles(dir, 'stderr', []),
  }));
  index.open();
  assert.deepEqual([index.seq, index.ends], [1, { stdout: 10, stderr: 5 }]);
});

test('more numbers than a record holds can be missing', async t => {
  const dir = place(t);
  mkdirSync(join(dir, 'index'), { recursive: true });
  const first = 2 ** 33;
  for (const name of ['1.0.0', `${first}.0.0`]) writeFileSync(join(dir, 'index', name), '');
  const store = storeIn(dir);
  store.open();
  const { items } = await ask(store);
  const gaps = items.flatMap(item => (item.kind === 'gap' ? [[item.from, item.to]] : []));
  assert.deepEqual([gaps[0]?.[0], gaps.at(-1)?.[1]], [1, first - 1]);
  await wrote(store, [['stdout', 'a line\n']]);
  const next = storeIn(dir);
  next.open();
  assert.deepEqual(next.range, { first: 1, last: first }, 'it was written');
});

test('what is not indexed yet counts as kept', t => {
  const { path, index, capture } = byHand(t, MIB);
  const keeping = keepingOf(index);
  appendFileSync(path, numbered(1, 14_000));
  capture.take(false);
  keeping.settle(null, 0);
  assert.equal(index.first, 1);
  keeping.settle(null, MIB / 2);
  assert.ok(index.first > 1 && index.bytes > 0 && index.bytes <= MIB / 2);
  keeping.settle(null, MIB);
  assert.deepEqual([index.first, index.bytes], [index.seq, 0]);
});

test('nothing is reserved where a hole was punched meanwhile', async t => {
  const { path, index } = byHand(t, MIB);
  const keeping = keepingOf(index);
  const size = { from: 0, held: 0, want: MIB, most: MIB, needed: true };
  const need = { path, seen: () => MIB / 2, isCurrent: () => true, keeping, ...size };
  assert.deepEqual(await extendReserve(need), { has: MIB, outcome: 'done' });
  assert.equal(statSync(path).blocks * 512, MIB / 2);
});
