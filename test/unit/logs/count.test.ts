import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countLines } from '../../../src/logs/count.js';

const SHORT = Buffer.alloc(64, '\n');
const naive = (bytes: Buffer): number => bytes.filter(byte => byte === 10).length;

test('lines are counted the same however short they are and wherever they lie', () => {
  // Those beside it and with the high bit are what counting by words could take for an end of line.
  const byte = fc.oneof(
    { arbitrary: fc.constant(10), weight: 3 },
    fc.constantFrom(9, 11, 0x8a, 0x0a ^ 0x80, 0, 255),
  );
  fc.assert(
    fc.property(
      fc.array(byte, { maxLength: 400, size: 'max' }),
      fc.integer({ min: 0, max: 7 }),
      (bytes, from) => {
        // Short lines at its beginning, so that it is counted by words.
        const chunk = Buffer.concat([Buffer.alloc(from), SHORT, Buffer.from(bytes)]).subarray(from);
        assert.equal(countLines(chunk), naive(chunk));
      },
    ),
  );
});

for (const [what, text] of [
  ['nothing', ''],
  ['ends of line alone', '\n'.repeat(70_001)],
  ['what yes writes', 'y\n'.repeat(35_000)],
  ['short lines after long ones', `${'x'.repeat(500)}\n`.repeat(100) + 'y\n'.repeat(40_000)],
  ['long lines after short ones', 'y\n'.repeat(3000) + `${'x'.repeat(500)}\n`.repeat(100)],
] as const)
  test(`lines of ${what}`, () => {
    assert.equal(countLines(Buffer.from(text)), text.split('\n').length - 1);
  });
