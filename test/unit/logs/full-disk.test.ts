/** A disk that somebody else has filled: the target does not meet it, the oldest lines do. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, openSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StoreNews } from '../../../src/logs/options.js';
import type { LogStore } from '../../../src/logs/store.js';
import { fill, fillBeside, mountSmall } from '../../support/full-disk.js';
import { until } from '../../support/wait.js';
import { ask, storeIn } from './support.js';

/** Numbered lines of 100 bytes, some each millisecond; ends with 3 where a write fails. */
const WRITER = `
const { writeSync } = require('node:fs');
const [count, atOnce] = process.argv.slice(1).map(Number);
const line = n => String(n).padEnd(99) + '\\n';
let next = 1;
const timer = setInterval(() => {
  let text = '';
  for (let left = atOnce; left > 0 && next <= count; left--) text += line(next++);
  try {
    for (let bytes = Buffer.from(text); bytes.length > 0;) bytes = bytes.subarray(writeSync(1, bytes));
  } catch (error) {
    process.stderr.write(error.code);
    process.exit(3);
  }
  if (next > count) clearInterval(timer);
}, 1);
`;

function target(t: TestContext, store: LogStore, count: number, atOnce: number): Promise<number | null> {
  const { stdout, stderr } = store.outputs();
  store.began();
  const fds = [stdout, stderr].map(file => openSync(file, 'a'));
  const words = ['-e', WRITER, String(count), String(atOnce)];
  const child: ChildProcess = spawn(process.execPath, words, { stdio: ['ignore', ...fds] });
  t.after(() => child.kill('SIGKILL'));
  return new Promise(resolve => child.once('exit', resolve));
}

for (const [speed, count, atOnce] of [
  ['slow', 3000, 2],
  ['fast', 200_000, 50],
] as const) {
  test(`a ${speed} target goes on, the oldest lines go, and it is over when there is room again`, async t => {
    const dir = mountSmall(t, '256m');
    if (dir === null) return t.skip('needs to mount a tmpfs');
    const store = storeIn(join(dir, 'logs'), { segmentBytes: 1024 * 1024 });
    const news: StoreNews[] = [];
    store.onNews(it => news.push(it));
    store.open();
    const exit = target(t, store, count, atOnce);
    store.start();
    t.after(() => store.stop());
    await until(() => store.range.last > 100, 10_000);
    await until(() => store.hasRoom, 5000);
    fillBeside(dir);
    const filledAt = store.range.last;
    assert.equal(await exit, 0, 'no write of the target failed');
    store.ended();
    await until(() => store.range.last === count, 30_000, 'all lines are indexed');
    const { lines } = await ask(store);
    lines.forEach(({ seq, text }) => {
      assert.equal(Number(text), seq, 'whole, and in its place');
    });
    assert.equal(lines.length, count - store.range.first + 1);
    if (speed === 'slow') return;
    assert.ok(store.range.first > 1 && filledAt < count);
    assert.equal(news[0]?.loses, true);
    rmSync(join(dir, 'filler'));
    store.began();
    await until(() => news.at(-1)?.loses === false, 10_000, 'it is over');
    assert.ok((news.at(-1)?.count ?? 0) > 0);
  });
}

test('what a dropped segment gives back is reserved, all of it', async t => {
  const dir = mountSmall(t, '256m');
  if (dir === null) return t.skip('needs to mount a tmpfs');
  const store = storeIn(join(dir, 'logs'), { segmentBytes: 8 * 1024 * 1024 });
  store.open();
  const { stdout } = store.outputs();
  store.began();
  store.start();
  t.after(() => store.stop());
  const lines = (bytes: number): string => `${'x'.repeat(1023)}\n`.repeat(bytes / 1024);
  for (let written = 0; written < 20; written += 4) {
    appendFileSync(stdout, lines(4 * 1024 * 1024));
    await until(() => store.range.last === (written + 4) * 1024);
  }
  await until(() => store.hasRoom);
  fill(dir);
  const ahead = (): number =>
    statSync(stdout).blocks * 512 - (store.range.last - store.range.first + 1) * 1024;
  await until(
    () => {
      if (ahead() > 65_536) appendFileSync(stdout, lines(32 * 1024));
      return store.range.first > 1;
    },
    20_000,
    'a segment was dropped',
  );
  await until(() => ahead() > 6 * 1024 * 1024, 3000, 'it is reserved');
});
