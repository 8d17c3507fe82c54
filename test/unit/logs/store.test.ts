import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import type { LogStore } from '../../../src/logs/store.js';
import { until } from '../../support/wait.js';
import { ask, place, storeIn, textsOf, wrote } from './support.js';

test('what is written is read, with its streams, in the order of each', async t => {
  const store = storeIn(place(t));
  store.open();
  await wrote(store, [
    ['stdout', 'one\ntwo\n'],
    ['stderr', 'oh\n'],
    ['stdout', 'three'],
  ]);
  const answer = await ask(store);
  assert.deepEqual(
    answer.lines.map(({ seq, stream, text, unended }) => [seq, stream, text, unended]),
    [
      [1, 'stdout', 'one', false],
      [2, 'stdout', 'two', false],
      [3, 'stderr', 'oh', false],
      [4, 'stdout', 'three', true],
    ],
  );
  assert.deepEqual(answer.items.at(-1), { kind: 'end', first: 1, last: 4 });
  assert.deepEqual(textsOf(await ask(store, { tail: 2 })), ['oh', 'three']);
  assert.deepEqual(textsOf(await ask(store, { tail: 2, stream: 'stdout' })), ['two', 'three']);
  assert.deepEqual(textsOf(await ask(store, { after: 1 })), ['two', 'oh', 'three']);
});

test('a store opened again goes on with seq and offset', async t => {
  const dir = place(t);
  const first = storeIn(dir);
  first.open();
  await wrote(first, [['stdout', 'one\nunended']]);
  const next = storeIn(dir);
  next.open();
  await wrote(next, [['stdout', 'three\n']]);
  assert.deepEqual(
    (await ask(next)).lines.map(({ seq, text }) => [seq, text]),
    [
      [1, 'one'],
      [2, 'unended'],
      [3, 'three'],
    ],
  );
});

test('grep: by words and by regular expressions, forward and from the end', async t => {
  const store = storeIn(place(t));
  store.open();
  const all = Array.from({ length: 5000 }, (_, at) => `line ${at + 1} ${'x'.repeat(40)}`);
  await wrote(store, [['stdout', `${all.join('\n')}\n`]]);
  const fixed = await ask(store, { grep: { pattern: 'line 777 ', fixed: true } });
  assert.deepEqual(
    fixed.lines.map(line => line.seq),
    [777],
  );
  const found = await ask(store, { grep: { pattern: '^line \\d*99 ', fixed: false }, tail: 3 });
  assert.deepEqual(
    found.lines.map(line => line.seq),
    [4799, 4899, 4999],
  );
  const whole = await ask(store, { grep: { pattern: 'line', fixed: false } });
  assert.equal(whole.lines.length, 5000);
  await assert.rejects(
    ask(store, { grep: { pattern: '^(x+x+)+y|((x+)+)+$y', fixed: false } }).then(() => {}),
    {
      code: 'grep-failed',
    },
  );
});

test('expressions that take for ever hold up neither others nor, once nobody waits for them, their like', async t => {
  const store = storeIn(place(t));
  store.open();
  await wrote(store, [['stdout', `${'a'.repeat(60)}b\nplain\n`]]);
  const cut = new AbortController();
  const forEver = Array.from({ length: 10 }, async (_, nth) => {
    const query = { grep: { pattern: `^(a+)+${nth}?$`, fixed: false } };
    for await (const _item of store.read(query, cut.signal));
  });
  // On a busy machine the first of them has had its time before they are cut.
  const ended = Promise.allSettled(forEver);
  const from = performance.now();
  assert.deepEqual(textsOf(await ask(store, { grep: { pattern: 'p.*n', fixed: false } })), ['plain']);
  const waited = performance.now() - from;
  assert.ok(waited < 8000, `${waited} ms behind ten of them`);
  cut.abort();
  await ended;
  await assert.rejects(ask(store, { grep: { pattern: '^(a+)+!?$', fixed: false } }), { code: 'grep-failed' });
  assert.ok(performance.now() - from - waited < 6000, 'nobody was in its way any more');
});

test('what a target writes before anybody knows that it runs is not taken for a last line', async t => {
  const store = storeIn(place(t));
  store.open();
  store.start();
  await wroteOnly(store, 'one\n');
  const { stdout, stderr } = store.outputs();
  appendFileSync(stdout, 'par');
  appendFileSync(stderr, 'seen\n');
  await until(() => store.range.last >= 2);
  appendFileSync(stdout, 'tial\n');
  store.began();
  await until(() => store.range.last >= 3);
  await store.stop();
  assert.deepEqual(textsOf(await ask(store)), ['one', 'seen', 'partial']);
});

test('a last line that nobody had indexed does not run into the first of the next run', async t => {
  const dir = place(t);
  const killed = storeIn(dir);
  killed.open();
  appendFileSync(killed.outputs().stdout, 'one\nunended');
  const next = storeIn(dir);
  next.open();
  await wrote(next, [['stdout', 'three\n']]);
  assert.deepEqual(textsOf(await ask(next)), ['one', 'unended', 'three']);
});

async function wroteOnly(store: LogStore, text: string): Promise<void> {
  appendFileSync(store.outputs().stdout, text);
  store.began();
  store.ended();
  await until(() => store.range.last === 1);
}
