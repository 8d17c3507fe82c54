import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { LogItem } from '../../../src/core/log-lines.js';
import type { Parts } from '../../../src/logs/parts.js';
import { until } from '../../support/wait.js';
import { ask, Hand, linesOf, place, storeIn, textsOf, wrote } from './support.js';

const numbered = (from: number, to: number, width = 0): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `${from + at} ${'x'.repeat(width)}\n`).join('');

test('since and until are inclusive, and a clock that goes back loses nothing', async t => {
  const clock = new Hand();
  const begun = clock.ts;
  const store = storeIn(place(t), { clock });
  store.open();
  for (const [after, text] of [
    [0, 'a\n'],
    [1000, 'b\n'],
    [500, 'c\n'],
    [2000, 'd\n'],
  ] as const) {
    clock.ts = begun + after;
    await wrote(store, [['stdout', text]]);
  }
  assert.deepEqual(textsOf(await ask(store, { since: begun + 1000 })), ['b', 'd']);
  assert.deepEqual(textsOf(await ask(store, { since: begun + 500 })), ['b', 'c', 'd']);
  assert.deepEqual(textsOf(await ask(store, { until: begun + 500 })), ['a', 'c']);
  assert.deepEqual(textsOf(await ask(store, { since: begun + 500, until: begun + 1000 })), ['b', 'c']);
  assert.deepEqual(textsOf(await ask(store, { until: begun + 1000, tail: 1 })), ['c']);
  assert.deepEqual(textsOf(await ask(store, { since: begun + 2001 })), []);
});

test('who follows since a time is shown what comes, whatever the clock stamps on it by then', async t => {
  const clock = new Hand();
  const begun = clock.ts;
  const store = storeIn(place(t), { clock });
  store.open();
  await wrote(store, [['stdout', 'before\n']]);
  clock.ts = begun + 1000;
  await wrote(store, [['stdout', 'stored\n']]);
  const cut = new AbortController();
  const items = store.read({ since: begun + 1, follow: true }, cut.signal)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value } = (await items.next()) as IteratorResult<LogItem, undefined>;
    return value?.kind === 'lines' ? value.bytes.toString() : '';
  };
  assert.equal(await next(), 'stored\n');
  const coming = next();
  clock.ts = begun - 3_600_000;
  await wrote(store, [['stdout', 'comes\n']]);
  const late = setTimeout(() => cut.abort(), 5000);
  assert.equal(await coming, 'comes\n');
  clearTimeout(late);
  cut.abort();
});

test('every byte is kept: binary, CRLF, colours, long lines, a letter that was split over writes', async t => {
  const store = storeIn(place(t));
  store.open();
  const all = Buffer.from(Array.from({ length: 256 }, (_, at) => at).filter(at => at !== 10));
  const long = 'é'.repeat(600_000);
  const letter = Buffer.from('é');
  await wrote(store, [
    ['stdout', Buffer.concat([all, Buffer.from('\n')])],
    ['stdout', 'one\r\n\u001b[31mred\u001b[0m\n\n'],
    ['stdout', long],
    ['stdout', '\n'],
    ['stdout', letter.subarray(0, 1)],
    ['stdout', letter.subarray(1)],
  ]);
  const { lines, items } = await ask(store);
  const texts = lines.map(({ text }) => Buffer.from(text, 'latin1'));
  assert.deepEqual(texts[0], all);
  assert.deepEqual(
    texts.slice(1).map(text => (text.length > 1000 ? text.equals(Buffer.from(long)) : text.toString())),
    ['one\r', '\u001b[31mred\u001b[0m', '', true, 'é'],
  );
  assert.equal(lines.at(-1)?.unended, true);
  for (const item of items) assert.ok(item.kind !== 'lines' || item.bytes.length <= 65_536 + 1);
});

test('the last lines of a stream, the lines after a seq, and one that is not there yet', async t => {
  const store = storeIn(place(t));
  store.open();
  for (let part = 0; part < 40; part++)
    await wrote(store, [
      ['stdout', numbered(part * 200 + 1, part * 200 + 200, 30)],
      ['stderr', `e${part}\n`],
    ]);
  const last = store.range.last;
  assert.equal(last, 40 * 201);
  for (const tail of [0, 1, 199, 202, 1000, 9000]) {
    const { lines } = await ask(store, { tail });
    assert.equal(lines.length, Math.min(tail, last));
    assert.equal(lines.at(-1)?.seq, tail === 0 ? undefined : last);
  }
  assert.deepEqual(textsOf(await ask(store, { tail: 2, stream: 'stderr' })), ['e38', 'e39']);
  assert.equal((await ask(store, { after: 777 })).lines[0]?.seq, 778);
  assert.deepEqual((await ask(store, { after: last })).lines, []);
  await assert.rejects(ask(store, { after: last + 1 }), { code: 'bad-cursor' });
});

test('a follower gets each line once, from the snapshot on, and reads no further than it is asked to', async t => {
  const store = storeIn(place(t));
  store.open();
  const { stdout } = store.outputs();
  store.began();
  store.start();
  t.after(() => store.stop());
  appendFileSync(stdout, numbered(1, 100));
  await until(() => store.range.last === 100);
  const cut = new AbortController();
  const items: LogItem[] = [];
  const done = (async () => {
    for await (const item of store.read({ tail: 10, follow: true }, cut.signal)) items.push(item);
  })();
  for (let at = 101; at <= 400; at += 50) {
    appendFileSync(stdout, numbered(at, at + 49));
    await until(() => linesOf(items).at(-1)?.seq === at + 49);
  }
  cut.abort();
  await done;
  assert.deepEqual(
    linesOf(items).map(({ seq }) => seq),
    Array.from({ length: 310 }, (_, at) => at + 91),
  );
});

test('tail reads as many bytes of a large store as of a small one', {
  skip: process.platform !== 'linux',
}, async t => {
  const readBy = async (megabytes: number): Promise<number> => {
    const dir = place(t);
    const store = storeIn(dir, { segmentBytes: 8 * 1024 * 1024 });
    store.open();
    const megabyte = numbered(1, 10_000, 98).slice(0, 1024 * 1024);
    await wrote(store, [['stdout', megabyte.repeat(megabytes)]]);
    const again = storeIn(dir, { segmentBytes: 8 * 1024 * 1024 });
    again.open();
    const bytes = (): number => Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
    const before = bytes();
    assert.equal((await ask(again, { tail: 100 })).lines.length, 100);
    return bytes() - before;
  };
  const [small, large] = [await readBy(1), await readBy(160)];
  assert.ok(large < small + 100_000 && large < 250_000, `${small} bytes of 1 MB, ${large} of 160 MB`);
});

test('the oldest goes by bytes, and whoever asks for it is told', async t => {
  const store = storeIn(place(t), { maxBytes: 256 * 1024 });
  store.open();
  for (let part = 0; part < 20; part++)
    await wrote(store, [['stdout', numbered(part * 1000 + 1, part * 1000 + 1000, 50)]]);
  const { first, last } = store.range;
  assert.ok(last === 20_000 && first > 10_000, `from ${first} on`);
  const { items, lines } = await ask(store, { after: 5 });
  assert.deepEqual(items[0], { kind: 'gap', from: 6, to: first - 1, reason: 'dropped to make room' });
  assert.deepEqual([lines[0]?.seq, lines[0]?.text.split(' ')[0]], [first, String(first)]);
  assert.equal(lines.length, last - first + 1);
});

test('a reader whose lines are dropped under its feet is told so, and goes on', async t => {
  const store = storeIn(place(t), { maxBytes: 256 * 1024 });
  store.open();
  await wrote(store, [['stdout', numbered(1, 4000, 50)]]);
  const from = store.range.first;
  const items: LogItem[] = [];
  for await (const item of store.read({}, new AbortController().signal)) {
    items.push(item);
    if (items.length === 1) await wrote(store, [['stdout', numbered(4001, 8000, 50)]]);
  }
  const seqs = new Set(
    linesOf(items).map(({ seq, text }) => {
      assert.equal(text.split(' ')[0], String(seq), 'never what a hole reads as');
      return seq;
    }),
  );
  for (const item of items)
    if (item.kind === 'gap') for (let seq = item.from; seq <= item.to; seq++) seqs.add(seq);
  assert.ok(items.some(({ kind }) => kind === 'gap'));
  for (let seq = from; seq <= 4000; seq++) assert.ok(seqs.has(seq), `neither ${seq} nor a gap`);
});

test('what is too old goes, also where nothing is written any more', async t => {
  const clock = new Hand();
  const store = storeIn(place(t), { clock, maxAgeMs: 10_000 });
  store.open();
  await wrote(store, [['stdout', 'old\n']]);
  store.start();
  t.after(() => store.stop());
  clock.ts += 11_000;
  await until(() => store.range.first === 2);
  assert.deepEqual(textsOf(await ask(store)), []);
});

test('what was dropped while it was read is a gap, by then it may be a hole; what was read with it is told', async t => {
  const store = storeIn(place(t));
  store.open();
  // More than is read at a time.
  await wrote(store, [['stdout', numbered(1, 12_000, 50)]]);
  const items = store.read({}, new AbortController().signal);
  const internals = store as unknown as { parts: Parts | null };
  const reading = items.next(); // waits for the disk
  assert.equal(internals.parts?.keeping.dropNow(), true);
  const { first } = store.range;
  const { value } = await reading;
  assert.deepEqual(value, { kind: 'gap', from: 1, to: first - 1, reason: 'dropped to make room' });
  const rest: LogItem[] = [];
  for await (const item of items) rest.push(item);
  const seqs = linesOf(rest).map(({ seq }) => seq);
  assert.deepEqual([seqs[0], seqs.at(-1), seqs.length], [first, 12_000, 12_001 - first]);
});
