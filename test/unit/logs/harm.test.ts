/** What operators and disks do to the directory of a store while it is in use. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountSmall } from '../../support/full-disk.js';
import { until } from '../../support/wait.js';
import { ask, place, storeIn, textsOf, wrote } from './support.js';

test('without its index it is read all the same, and has one again', async t => {
  const dir = place(t);
  const store = storeIn(dir);
  store.open();
  const { stdout } = store.outputs();
  store.began();
  store.start();
  appendFileSync(stdout, 'one\ntwo\n');
  await until(() => store.range.last === 2);
  rmSync(join(dir, 'index'), { recursive: true });
  appendFileSync(stdout, 'three\n');
  await until(() => store.range.last === 3);
  assert.deepEqual(textsOf(await ask(store, { tail: 2 })), ['two', 'three']);
  assert.deepEqual(textsOf(await ask(store)), ['one', 'two', 'three']);
  store.ended();
  await store.stop();
  assert.equal(readdirSync(join(dir, 'index')).length, 1);
  const next = storeIn(dir);
  next.open();
  assert.deepEqual(textsOf(await ask(next)), ['one', 'two', 'three']);
});

test('an index of garbage is made again under a reader', async t => {
  const dir = place(t);
  const store = storeIn(dir);
  store.open();
  const { stdout } = store.outputs();
  store.began();
  store.start();
  const texts = Array.from({ length: 200 }, (_, at) => String(at));
  for (const [at, text] of texts.entries()) {
    appendFileSync(stdout, `${text}\n`);
    await until(() => store.range.last === at + 1);
  }
  const [name = ''] = readdirSync(join(dir, 'index'));
  const file = join(dir, 'index', name);
  writeFileSync(file, Buffer.alloc(statSync(file).size, 7));
  appendFileSync(stdout, 'last\n');
  await until(() => store.range.last === 201);
  const [, ask201] = await Promise.all([ask(store, { tail: 1 }), ask(store, { after: 200 })]);
  assert.deepEqual(textsOf(ask201), ['last']);
  assert.deepEqual(textsOf(await ask(store)), [...texts, 'last']);
  store.ended();
  await store.stop();
});

test('a directory that was removed is there again for the next run', async t => {
  const dir = place(t);
  const store = storeIn(dir);
  store.open();
  await wrote(store, [['stdout', 'one\ntwo\n']]);
  rmSync(dir, { recursive: true });
  await wrote(store, [['stdout', 'three\n']]);
  const { items, lines } = await ask(store);
  const [gap] = items;
  assert.ok(gap?.kind === 'gap' && gap.from === 1 && gap.to === 2);
  assert.deepEqual(
    lines.map(({ seq, text }) => [seq, text]),
    [[3, 'three']],
  );
});

test('a read-only directory keeps no target from running, is told, and is used once it can be', async t => {
  const dir = mountSmall(t);
  const remount = (how: string): boolean =>
    spawnSync('mount', ['-o', `remount,${how}`, dir ?? '']).status === 0;
  if (dir === null || !remount('ro')) return t.skip('needs to mount a tmpfs');
  const store = storeIn(join(dir, 'logs'));
  const news: string[] = [];
  store.onNews(({ loses, reason }) => news.push(`${loses} ${reason}`));
  store.open();
  store.start();
  assert.deepEqual(store.outputs(), { stdout: '/dev/null', stderr: '/dev/null' });
  store.began();
  assert.equal(news.length, 2);
  assert.match(
    news[0] ?? '',
    /^true what the target says on stdout is not stored until its next start: EROFS/,
  );
  assert.deepEqual(textsOf(await ask(store)), []);
  store.ended();
  assert.ok(remount('rw'));
  const { stdout } = store.outputs();
  store.began();
  appendFileSync(stdout, 'stored\n');
  await until(() => store.range.last === 1);
  assert.deepEqual(textsOf(await ask(store)), ['stored']);
  store.ended();
  await store.stop();
});
