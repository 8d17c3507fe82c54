/** Where holes can't be punched the target writes into FIFOs: the same store, whole files dropped. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StoreNews } from '../../../src/logs/options.js';
import type { LogStore } from '../../../src/logs/store.js';
import { mountSmall } from '../../support/full-disk.js';
import { until } from '../../support/wait.js';
import { ask, place, storeIn, textsOf } from './support.js';

/** Runs a shell script with both streams held open by itself, as the wrapper does. */
async function run(t: TestContext, store: LogStore, script: string): Promise<void> {
  const { stdout, stderr } = store.outputs();
  store.began();
  const child = spawn('/bin/sh', ['-c', `exec 1<>"$0" 2<>"$1"; ${script}`, stdout, stderr], {
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  await new Promise(resolve => child.once('exit', resolve));
  store.ended();
}

test('what goes through FIFOs is stored, the last line without an end as well', async t => {
  const store = storeIn(place(t), { capture: 'fifos' });
  store.open();
  store.start();
  await run(t, store, 'seq 1 20000; echo oh >&2; printf last');
  await store.stop();
  assert.deepEqual(textsOf(await ask(store, { stream: 'stderr' })), ['oh']);
  const { lines } = await ask(store, { stream: 'stdout' });
  assert.equal(lines.length, 20_001);
  lines.slice(0, -1).forEach(({ text }, at) => {
    assert.equal(text, String(at + 1));
  });
  assert.deepEqual([lines.at(-1)?.text, lines.at(-1)?.unended], ['last', true]);
});

test('files are dropped as a whole, so that the store keeps its size', async t => {
  const dir = place(t);
  const store = storeIn(dir, { capture: 'fifos', maxBytes: 512 * 1024 });
  store.open();
  store.start();
  await run(t, store, 'seq 1 300000');
  await store.stop();
  const { first, last } = store.range;
  assert.ok(last === 300_000 && first > 1, `from ${first} to ${last}`);
  assert.equal((await ask(store)).lines[0]?.text, String(first));
  const files = readdirSync(dir).filter(name => /^std.*\d$/.test(name));
  const bytes = files.reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  assert.ok(bytes < 1024 * 1024, `${bytes} bytes in ${files.length} files`);
});

test('a line that never ends is cut as well, so that the store keeps its size', async t => {
  const dir = place(t);
  const store = storeIn(dir, { capture: 'fifos', maxBytes: 1024 * 1024 });
  store.open();
  store.start();
  await run(t, store, 'head -c 60000000 /dev/zero | tr "\\\\0" x');
  await store.stop();
  const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  assert.ok(bytes < 20 * 1024 * 1024, `${bytes} bytes`);
});

test('no room for what comes through a FIFO is told, and so is its end', async t => {
  const dir = mountSmall(t, '2m');
  if (dir === null) return t.skip('needs to mount a tmpfs');
  const store = storeIn(join(dir, 'logs'), { capture: 'fifos' });
  const news: StoreNews[] = [];
  store.onNews(it => news.push(it));
  store.open();
  store.start();
  t.after(() => store.stop());
  const { stdout, stderr } = store.outputs();
  store.began();
  const script = 'exec 1<>"$0" 2<>"$1"; seq 1 500000; while :; do echo more; sleep 0.05; done';
  const child = spawn('/bin/sh', ['-c', script, stdout, stderr], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  await until(() => news.at(-1)?.loses === false, 15_000, 'it is over');
  assert.equal(news[0]?.loses, true);
  assert.ok((news.at(-1)?.count ?? 0) > 0);
});

test('what is in a FIFO when its reader is gone is there for the next', async t => {
  const dir = place(t);
  const store = storeIn(dir, { capture: 'fifos' });
  store.open();
  const { stdout, stderr } = store.outputs();
  const script = 'exec 1<>"$0" 2<>"$1"; echo one; exec sleep 3600';
  const child = spawn('/bin/sh', ['-c', script, stdout, stderr], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  store.start();
  await until(() => store.range.last === 1);
  store.began();
  await store.stop();
  const next = storeIn(dir, { capture: 'fifos' });
  next.open();
  next.began();
  next.start();
  t.after(() => next.stop());
  const writer = spawn('/bin/sh', ['-c', 'echo two >"$0"', stdout], { stdio: 'ignore' });
  t.after(() => writer.kill('SIGKILL'));
  await until(() => next.range.last === 2);
  assert.deepEqual(textsOf(await ask(next)), ['one', 'two']);
});

test('what is in a FIFO at the end of a run is of that run', async t => {
  const store = storeIn(place(t), { capture: 'fifos' });
  store.open();
  store.start();
  const { stdout } = store.outputs();
  store.began();
  appendFileSync(stdout, 'late');
  store.ended();
  await store.stop();
  assert.deepEqual(textsOf(await ask(store)), ['late']);
});

test('lines of the node itself are kept in the same way', async t => {
  const store = storeIn(place(t));
  store.open();
  store.start();
  for (let at = 1; at <= 100; at++) store.append('stdout', `{"n":${at}}`);
  await until(() => store.range.last === 100);
  await store.stop();
  assert.equal((await ask(store, { tail: 1 })).lines[0]?.text, '{"n":100}');
});
