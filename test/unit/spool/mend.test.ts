import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { evt, numbers, Parent, place } from './support.js';

/** A spool that a killed process has left, with its one file or several. */
function left(t: TestContext, count: number, maxBytes = 1e6) {
  const at = place(t);
  const { spool } = at.open({ maxBytes });
  for (const text of numbers(1, count)) spool.add(evt(text.padEnd(100)));
  const file = (index: number) => join(at.dir, at.files().sort()[index] as string);
  const reopened = async () => {
    const { spool: next, news } = at.open({ maxBytes });
    const parent = new Parent();
    next.attach(parent);
    parent.connect();
    await next.caughtUp();
    return { sent: parent.sent.map(text => text.trim()), codes: news.map(({ code }) => code), news };
  };
  const aside = () => at.files().filter(name => name.includes('.bad-'));
  return { ...at, file, reopened, aside };
}

test('a record that was cut off by a kill -9 is cut off, and no more is said of it', async t => {
  const { file, reopened, aside } = left(t, 10);
  truncateSync(file(0), readFileSync(file(0)).length - 3);
  const { sent, codes } = await reopened();
  assert.deepEqual([sent, codes, aside()], [numbers(1, 9), [], []]);
});

test('an empty file, and one cut off in its first line, are what a kill -9 leaves', async t => {
  for (const bytes of [0, 5]) {
    const { file, reopened, aside } = left(t, 1);
    truncateSync(file(0), bytes);
    const { sent, codes } = await reopened();
    assert.deepEqual([sent, codes, aside()], [[], [], []]);
  }
});

test('spoilt bytes: what is before them is sent, the file is kept aside, and it is told', async t => {
  const { file, reopened, aside } = left(t, 10);
  const bytes = readFileSync(file(0));
  bytes.writeUInt8(0xff, bytes.length >> 1);
  writeFileSync(file(0), bytes);
  const { sent, codes, news } = await reopened();
  assert.deepEqual([sent.length > 2 && sent.length < 8, codes], [true, ['spool-damaged']]);
  assert.deepEqual(sent, numbers(1, sent.length));
  assert.equal(aside().length, 1);
  assert.ok(news[0]?.reason.includes(aside()[0] as string), news[0]?.reason);
});

test('the others are read whatever one of several files is', async t => {
  const { dir, file, files, reopened, aside } = left(t, 1000, 65_536 * 8);
  assert.ok(files().length > 1, `${files().length} files`);
  writeFileSync(file(0), 'none of ours');
  const { sent, codes } = await reopened();
  assert.deepEqual(codes, ['spool-damaged']);
  assert.deepEqual([sent.at(-1), sent.length > 100], ['1000', true]);
  assert.equal(readFileSync(join(dir, aside()[0] as string), 'utf8'), 'none of ours');
});

test('what a newer version has written is kept aside as it is', async t => {
  const { dir, file, reopened, aside } = left(t, 3);
  writeFileSync(file(0), 'canopy spool 2\nin another way');
  const { sent, codes, news } = await reopened();
  assert.deepEqual([sent, codes], [[], ['spool-newer']]);
  assert.match(news[0]?.reason ?? '', /expected "canopy spool 1", found "canopy spool 2/);
  assert.equal(readFileSync(join(dir, aside()[0] as string), 'utf8'), 'canopy spool 2\nin another way');
});

test('a directory where a file should be, and a position that is none: it runs, and what it keeps comes', async t => {
  const { dir, open, reopened } = left(t, 3);
  mkdirSync(join(dir, '0000000009.spool'));
  writeFileSync(join(dir, 'position.json'), '{"place":{"segment":-1,"at":"x"},"dropped":7}');
  const { sent, codes } = await reopened();
  assert.deepEqual([sent, codes], [numbers(1, 3), ['spool-damaged']]);
  const { spool } = open();
  spool.add(evt('4'));
  assert.equal(spool.size, 1);
});

test('bytes behind the last whole message of an older file are no kill -9, and are told', async t => {
  const { file, reopened } = left(t, 1000, 65_536 * 8);
  appendFileSync(file(0), 'x'.repeat(5));
  const { sent, codes } = await reopened();
  assert.deepEqual([sent, codes], [numbers(1, 1000), ['spool-damaged']]);
});
