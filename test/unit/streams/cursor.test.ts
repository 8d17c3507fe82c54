import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { LogLines } from '../../../src/core/log-lines.js';
import { pieces } from '../../../src/streams/chunks.js';
import { Cursor } from '../../../src/streams/cursor.js';
import { arbLog, arbSizes, asRead, itemOf, itemsOf, type Line, read } from './arbitrary.js';

/** What comes to one who reads behind `after`: cut anew each time, long lines in pieces. */
const reading = (lines: readonly Line[], after: number, sizes: number[], most: number): LogLines[] =>
  itemsOf(
    lines.filter(({ seq }) => seq > after),
    sizes,
  ).flatMap(item => pieces(item, most));

describe('whatever breaks, and however it is cut the next time', () => {
  const arbBreak = fc.record({ after: fc.nat(8), sizes: arbSizes, most: fc.integer({ min: 8, max: 60 }) });

  test('every byte is handed on once, in order', () => {
    fc.assert(
      fc.property(arbLog(), fc.array(arbBreak, { minLength: 1, maxLength: 6 }), (lines, breaks) => {
        const cursor = new Cursor(0);
        const got: LogLines[] = [];
        breaks.forEach(({ after, sizes, most }, nth) => {
          cursor.rewind();
          const items = reading(lines, cursor.seq, sizes, most);
          const some = nth === breaks.length - 1 ? items : items.slice(0, after);
          for (const item of some) {
            const news = cursor.take(item);
            if (news) got.push(news);
          }
        });
        assert.deepEqual(read(got), asRead(lines));
        assert.equal(cursor.seq, lines.length);
      }),
      { numRuns: 500 },
    );
  });

  test('what is older than the cursor is taken out, at any line of a run', () => {
    fc.assert(
      fc.property(arbLog(), fc.nat(30), arbSizes, (lines, at, sizes) => {
        const cursor = new Cursor(at);
        const news = itemsOf(lines, sizes).flatMap(item => cursor.take(item) ?? []);
        assert.deepEqual(read(news), asRead(lines.filter(({ seq }) => seq > at)));
        assert.equal(cursor.seq, Math.max(at, lines.length));
      }),
    );
  });
});

const line = (seq: number): Line => ({ seq, ts: 1, stream: 'stdout', bytes: Buffer.from(`${seq}\n`) });

test('nothing new is no item, and what is new as a whole is not copied', () => {
  const cursor = new Cursor(2);
  assert.equal(cursor.take(itemOf([line(1), line(2)])), null);
  const item = itemOf([line(3)]);
  assert.equal(cursor.take(item)?.bytes, item.bytes);
  assert.equal(cursor.take(item), null);
});

test('a gap is told as far as it is news, and lines of it that come later are not', () => {
  const cursor = new Cursor(4);
  const gap = { kind: 'gap', reason: 'dropped' } as const;
  assert.equal(cursor.takeGap({ ...gap, from: 1, to: 4 }), null);
  assert.deepEqual(cursor.takeGap({ ...gap, from: 3, to: 7 }), { ...gap, from: 5, to: 7 });
  assert.equal(cursor.take(itemOf([line(6), line(7)])), null);
  assert.deepEqual(read([cursor.take(itemOf([line(7), line(8)])) as LogLines]), [{ seq: 8, bytes: '8\n' }]);
});

test('what has been looked at without being wanted counts', () => {
  const cursor = new Cursor(0);
  cursor.reach(5);
  cursor.reach(3);
  assert.equal(cursor.seq, 5);
  assert.equal(cursor.take(itemOf([line(5)])), null);
});
