/** A target that truncates its own output, as every script does that says `echo … > /dev/stderr`. */
import assert from 'node:assert/strict';
import { appendFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../../support/wait.js';
import { ask, place, storeIn, textsOf, wrote } from './support.js';

const numbered = (word: string, lines: number): string =>
  Array.from({ length: lines }, (_, at) => `${word} ${at + 1}\n`).join('');

test('a file that was truncated goes on behind what was in it, which is told as a gap', async t => {
  const dir = place(t);
  const store = storeIn(dir);
  const news: string[] = [];
  store.onNews(({ reason }) => news.push(reason));
  store.open();
  const { stdout, stderr } = store.outputs();
  store.began();
  store.start();
  appendFileSync(stdout, 'beside\n');
  appendFileSync(stderr, numbered('before', 10));
  await until(() => store.range.last === 11);
  writeFileSync(stderr, 'short\nhalf');
  await until(() => store.range.last === 12);
  const file = join(dir, `stderr.${Buffer.byteLength(numbered('before', 10))}.12`);
  appendFileSync(file, ' line\n');
  await until(() => store.range.last === 13);
  // Longer at once than what was there.
  writeFileSync(file, numbered('after', 100));
  await until(() => store.range.last === 113);
  const answer = await ask(store, { stream: 'stderr' });
  assert.deepEqual(textsOf(answer), numbered('after', 100).trim().split('\n'));
  assert.deepEqual(
    answer.lines.map(({ seq }) => seq),
    answer.lines.map((_, at) => 14 + at),
  );
  const gaps = answer.items.filter(item => item.kind === 'gap');
  assert.deepEqual([gaps[0]?.from, gaps.at(-1)?.to], [2, 13]);
  assert.deepEqual(textsOf(await ask(store, { stream: 'stdout' })), ['beside']);
  assert.equal(news.filter(reason => reason.startsWith('the target has truncated its stderr')).length, 1);
  store.ended();
  await store.stop();
  const next = storeIn(dir);
  next.open();
  await wrote(next, [['stderr', 'more\n']]);
  assert.deepEqual(textsOf(await ask(next, { tail: 2 })), ['after 100', 'more']);
});

test('the same text over and over is seen by the blocks that were reserved and are gone', async t => {
  const store = storeIn(place(t));
  store.open();
  const { stderr } = store.outputs();
  store.began();
  store.start();
  appendFileSync(stderr, 'failed\n');
  await until(() => store.range.last === 1);
  await until(() => statSync(stderr).blocks * 512 > 512 * 1024, 5000, 'room is reserved');
  await until(() => store.hasRoom);
  writeFileSync(stderr, 'failed\n');
  await until(() => store.range.last === 2);
  store.ended();
  await store.stop();
});

test('a target that has done so once gets a FIFO for the next run, where files need not be', async t => {
  const store = storeIn(place(t), { capture: 'auto' });
  store.open();
  const { stderr } = store.outputs();
  store.began();
  store.start();
  appendFileSync(stderr, numbered('line', 10));
  await until(() => store.range.last === 10);
  writeFileSync(stderr, 'short\n');
  await until(() => store.range.last === 11);
  store.ended();
  assert.match(store.outputs().stderr, /stderr\.fifo$/);
  assert.doesNotMatch(store.outputs().stdout, /fifo$/);
  await store.stop();
});

test('a file that somebody has removed is no full disk: nothing is dropped for it', async t => {
  const store = storeIn(place(t));
  const news: string[] = [];
  store.onNews(({ reason }) => news.push(reason));
  store.open();
  const { stdout, stderr } = store.outputs();
  appendFileSync(stderr, numbered('kept', 10));
  rmSync(stdout);
  store.began();
  store.start();
  await until(() => store.range.last === 10);
  await until(() => statSync(stderr).blocks * 512 > 512 * 1024, 5000, 'room is reserved');
  appendFileSync(stderr, numbered('more', 10));
  await until(() => store.range.last === 20);
  store.ended();
  await store.stop();
  assert.deepEqual(store.range, { first: 1, last: 20 });
  assert.deepEqual(news, []);
});
