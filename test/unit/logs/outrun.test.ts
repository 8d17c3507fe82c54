/** A target that is faster than its leaf: what is kept stays within its bounds, and numbers stay what they are. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
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
import { DataFiles } from '../../../src/logs/data-files.js';
import { LogIndex } from '../../../src/logs/log-index.js';
import { UNCOUNTED } from '../../../src/logs/overrun.js';
import type { LogStore } from '../../../src/logs/store.js';
import { until } from '../../support/wait.js';
import { type Answer, ask, Hand, place, storeIn } from './support.js';

const MIB = 1024 * 1024;
const SMALL = { segmentBytes: 256 * 1024, maxBytes: MIB } as const;
/** Reserved ahead of the target, where no more is kept. */
const RESERVED = MIB;

/** Lines of so many bytes. */
const numbered = (from: number, to: number, bytes = 64): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `${String(from + at).padStart(bytes - 1)}\n`).join('');

/** Every line says its own number, and what is missing is told. */
function assertExact({ lines, items }: Answer, last: number): void {
  for (const { seq, text } of lines) assert.equal(Number(text), seq);
  const told = items.flatMap(item => {
    if (item.kind === 'gap') return [[item.from, item.to]];
    return item.kind === 'lines' ? item.runs.map(({ seq, lines }) => [seq, seq + lines - 1]) : [];
  });
  let next = told[0]?.[0] ?? Number.NaN;
  for (const [from, to] of told) {
    assert.equal(from, next);
    next = (to as number) + 1;
  }
  assert.equal(next, last + 1);
}

async function isDone(store: LogStore, last: number): Promise<void> {
  await until(() => store.range.last >= last, 60_000, `line ${last} is indexed`);
  assert.equal(store.range.last, last);
}

test('the disk is used up to the bounds and one look more, the gaps say which lines went', async t => {
  const dir = place(t);
  let file = '';
  const used: number[] = [];
  const clock = new (class extends Hand {
    // Asked for at each look.
    override now(): number {
      used.push(statSync(file, { throwIfNoEntry: false })?.blocks ?? 0);
      return super.now();
    }
  })();
  const store = storeIn(dir, { ...SMALL, clock });
  store.open();
  file = store.outputs().stdout;
  store.began();
  store.start();
  t.after(() => store.stop());
  const cut = new AbortController();
  const answer: Answer = { items: [], lines: [] };
  const follower = (async () => {
    for await (const item of store.read({ follow: true }, cut.signal)) answer.items.push(item);
  })();
  const [bursts, lines] = [26, 8192];
  let longest = 0;
  for (let burst = 0; burst < bursts; burst++) {
    const text = numbered(burst * lines + 1, (burst + 1) * lines, 1024);
    longest = Math.max(longest, text.length);
    appendFileSync(file, text);
    await isDone(store, (burst + 1) * lines);
    await until(() => statSync(file).blocks * 512 <= SMALL.maxBytes + RESERVED, 10_000, 'it is given back');
  }
  assert.ok(statSync(file).size > 200e6);
  // What is given back is given back beside the next looks.
  const most = Math.max(...used) * 512;
  assert.ok(most <= SMALL.maxBytes + RESERVED + longest + 64 * 1024, `${most} bytes`);
  cut.abort();
  await follower;
  assertExact({ items: answer.items, lines: [] }, bursts * lines);
  assert.ok(answer.items.filter(({ kind }) => kind === 'gap').length >= bursts - 1);
  assertExact(await ask(store), bursts * lines);
});

test('what was written while there was no leaf is counted, whatever there is', async t => {
  const dir = place(t);
  const store = storeIn(dir, SMALL);
  store.open();
  const { stdout } = store.outputs();
  appendFileSync(stdout, numbered(1, 200_000));
  await store.stop();
  assertExact(await ask(store), 200_000);
  assert.ok(store.range.first > 180_000);
});

test('a line that is longer than all that is kept is cut', async t => {
  const store = storeIn(place(t), SMALL);
  store.open();
  const { stdout } = store.outputs();
  store.began();
  store.start();
  t.after(() => store.stop());
  appendFileSync(stdout, 'x'.repeat(8 * MIB));
  await until(() => statSync(stdout).blocks * 512 <= SMALL.maxBytes + RESERVED, 10_000, 'it is given back');
  const { last } = store.range;
  appendFileSync(stdout, 'its end\nwhole\n');
  await until(() => store.range.last > last);
  const { lines } = await ask(store, { tail: 2 });
  assert.match(lines[0]?.text ?? '', /^x*its end$/);
  assert.deepEqual([lines[1]?.text, lines[1]?.seq], ['whole', last + 2]);
});

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
