import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegexSearch } from '../../../src/logs/regex.js';
import { SearchThread } from '../../../src/logs/search-thread.js';

const BYTES = Buffer.from(`${'a'.repeat(60)}b\nplain\n`);
const FOR_EVER = '^(a+)+$';

test('no more searches than may wait do, and their places are free again', async () => {
  const thread = new SearchThread(2);
  const cut = new AbortController();
  const search = (pattern: string) => thread.search({ pattern, bytes: BYTES, limitMs: 60_000 }, cut.signal);
  const taken = [search(FOR_EVER), search(FOR_EVER), search(FOR_EVER)];
  await assert.rejects(search('plain'), {
    code: 'grep-busy',
    message: /^grep: expected at most 2 expressions that wait/,
  });
  cut.abort();
  for (const { matches, error } of await Promise.all(taken)) assert.deepEqual([matches, error], [null, null]);
  const again = await thread.search(
    { pattern: 'plain', bytes: BYTES, limitMs: 60_000 },
    new AbortController().signal,
  );
  assert.deepEqual(again.matches, [1, 62, 68]);
});

test('of expressions that take for ever one too many is refused, and none that does not', async () => {
  const threads = { quick: new SearchThread(8), slow: new SearchThread(0) };
  const cut = new AbortController();
  const search = async (pattern: string) => new RegexSearch(pattern, cut.signal, threads).match(BYTES);
  const ends = [1, 2].map(nth =>
    search(`${FOR_EVER}|${nth}`).then(
      () => 'cut',
      error => error.code,
    ),
  );
  assert.equal(await Promise.race(ends), 'grep-busy');
  assert.deepEqual(await search('p.*n'), [1, 62, 68]);
  cut.abort();
  assert.deepEqual((await Promise.all(ends)).filter(end => end === 'grep-busy').length, 1);
});
