import assert from 'node:assert/strict';
import { test } from 'node:test';
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
