/** An index that is lost, spoilt or cut off, at any byte: no line is lost, none is there twice, none is torn. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { RECORD_BYTES } from '../../../src/logs/record.js';
import type { LogStore } from '../../../src/logs/store.js';
import { reserve } from '../../../src/process/fallocate.js';
import { ask, type Line, place, storeIn, wrote } from './support.js';

const many = (count: number, stream: string): string =>
  Array.from({ length: count }, (_, at) => `${stream} ${at + 1} ${'x'.repeat(at % 90)}\n`).join('');

/** Some segments with both streams, and their lines. */
async function filled(t: TestContext): Promise<{ dir: string; lines: Line[] }> {
  const dir = place(t);
  const store = storeIn(dir);
  store.open();
  for (let part = 0; part < 8; part++)
    await wrote(store, [
      ['stdout', many(700, `out${part}`)],
      ['stderr', many(50, `err${part}`)],
    ]);
  const { lines } = await ask(store);
  assert.ok(readdirSync(join(dir, 'index')).length > 3, 'several segments');
  return { dir, lines };
}

const again = (dir: string): LogStore => {
  const store = storeIn(dir);
  store.open();
  return store;
};

const indexes = (dir: string): string[] =>
  readdirSync(join(dir, 'index'))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map(name => join(dir, 'index', name));

/** Seqs in a row, and the lines of each stream in their order. */
function assertSame(found: readonly Line[], lines: readonly Line[]): void {
  assert.deepEqual(
    found.map(({ seq }) => seq),
    lines.map(({ seq }) => seq),
  );
  for (const stream of ['stdout', 'stderr']) {
    const texts = (of: readonly Line[]) => of.filter(line => line.stream === stream).map(line => line.text);
    assert.deepEqual(texts(found), texts(lines));
  }
}

test('cut off at any byte, the index goes on from its last sound record', async t => {
  const { dir, lines } = await filled(t);
  const last = indexes(dir).at(-1) ?? '';
  const whole = readFileSync(last);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async size => {
      writeFileSync(last, whole.subarray(0, size));
      const store = again(dir);
      await store.stop();
      assertSame((await ask(store)).lines, lines);
    }),
    { numRuns: 25 },
  );
});

test('any record that is spoilt is made again from the data', async t => {
  const { dir, lines } = await filled(t);
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), async (which, where) => {
      const file = indexes(dir)[which % indexes(dir).length] ?? '';
      const bytes = readFileSync(file);
      if (bytes.length === 0) return;
      const at = where % bytes.length;
      const before = Buffer.from(bytes);
      bytes[at] = (bytes[at] ?? 0) ^ 0x55;
      writeFileSync(file, bytes);
      const store = again(dir);
      await store.stop();
      assertSame((await ask(store)).lines, lines);
      assertSame((await ask(store, { tail: 300 })).lines, lines.slice(-300));
      writeFileSync(file, before);
    }),
    { numRuns: 25 },
  );
});

test('whatever is spoilt, who reads on behind any line is told all that follow', async t => {
  const { dir, lines } = await filled(t);
  const files = indexes(dir).slice(0, -1);
  for (const [nth, file] of files.entries()) {
    const intact = readFileSync(file);
    const first = Number.parseInt(file.split('/').at(-1) as string, 10);
    const next = Number.parseInt((files[nth + 1] ?? indexes(dir).at(-1))?.split('/').at(-1) as string, 10);
    for (const record of new Set([0, intact.length / RECORD_BYTES - 1])) {
      const spoilt = Buffer.from(intact);
      spoilt.fill(0, record * RECORD_BYTES, (record + 1) * RECORD_BYTES);
      for (const after of [first - 1, Math.floor((first + next) / 2), next - 2]) {
        writeFileSync(file, spoilt);
        const { lines: found } = await ask(again(dir), { after });
        assert.deepEqual(
          [found[0]?.seq, found.length],
          [after + 1, lines.length - after],
          `${nth} ${record}`,
        );
      }
    }
    writeFileSync(file, intact);
  }
});

test('a segment that is missing in the middle is made again', async t => {
  const { dir, lines } = await filled(t);
  rmSync(indexes(dir)[1] ?? '');
  const store = again(dir);
  await store.stop();
  assertSame((await ask(store)).lines, lines);
});

test('without any index, all is indexed again with the same seqs', async t => {
  const { dir, lines } = await filled(t);
  rmSync(join(dir, 'index'), { recursive: true });
  const store = again(dir);
  await store.stop();
  assertSame((await ask(store)).lines, lines);
});

test('data that a crash of the machine has taken is a gap, and what comes then is stored', async t => {
  const { dir, lines } = await filled(t);
  const start = (name: string): number => Number(name.split('.')[1]);
  const files = readdirSync(dir).filter(name => name.startsWith('stdout.'));
  const file = files.sort((a, b) => start(a) - start(b)).at(-1) ?? '';
  const bytes = readFileSync(join(dir, file));
  truncateSync(join(dir, file), bytes.lastIndexOf(10, bytes.length - 100) + 1);
  const store = storeIn(dir, { segmentBytes: 1024 * 1024 });
  store.open();
  await wrote(store, [['stdout', 'after\n']]);
  const { lines: found, items } = await ask(store);
  assert.ok(items.some(item => item.kind === 'gap'));
  assert.deepEqual([found.at(-1)?.text, found.at(-1)?.seq], ['after', lines.length + 1]);
});

test('half a record at the end does not shift those that follow', async t => {
  const { dir, lines } = await filled(t);
  appendFileSync(indexes(dir).at(-1) ?? '', Buffer.alloc(RECORD_BYTES / 2, 7));
  const store = again(dir);
  await wrote(store, [['stdout', 'after\n']]);
  const next = again(dir);
  const { lines: found } = await ask(next);
  assert.equal(found.length, lines.length + 1);
  assert.equal(found.at(-1)?.text, 'after');
});

test('without an index and with the front punched away, what is left is whole, under seqs that nobody had', async t => {
  const dir = place(t);
  const store = storeIn(dir, { maxBytes: 256 * 1024 });
  store.open();
  await wrote(store, [['stdout', many(20_000, 'out')]]);
  const file = join(dir, 'stdout.0.1');
  await reserve(file, statSync(file).size, 1024 * 1024); // blocks, but no data
  const { first, last } = store.range;
  const { lines } = await ask(store);
  assert.ok(first > 1);
  rmSync(join(dir, 'index'), { recursive: true });
  const next = again(dir);
  await next.stop();
  const { lines: found } = await ask(next);
  assert.ok((found[0]?.seq ?? 0) > last - lines.length);
  assert.ok((found[0]?.seq ?? 0) >= first, 'no seq stands for another line than before');
  assert.deepEqual(
    found.slice(-lines.length).map(({ text }) => text),
    lines.map(({ text }) => text),
  );
  for (const { text } of found) assert.match(text, /^out \d+ x*$/);
});
