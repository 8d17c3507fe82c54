/** A target that is faster than its leaf: what is kept stays within its bounds, and numbers stay what they are. */
import assert from 'node:assert/strict';
import { appendFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import type { LogStore } from '../../../src/logs/store.js';
import { until } from '../../support/wait.js';
import { type Answer, ask, assertExact, Hand, numbered, place, storeIn } from './support.js';

const MIB = 1024 * 1024;
const SMALL = { segmentBytes: 256 * 1024, maxBytes: MIB } as const;
/** Reserved ahead of the target, where no more is kept. */
const RESERVED = MIB;

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
