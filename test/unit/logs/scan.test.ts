import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { takePieces } from '../../../src/logs/scan.js';

const text = fc
  .array(fc.constantFrom('a', 'é', '\n', '\r\n', '\0', 'xxxx'), { maxLength: 60 })
  .map(parts => Buffer.from(parts.join('')));

test('whatever way a stream is cut into reads, its pieces hold its lines and nothing else', () => {
  fc.assert(
    fc.property(
      text,
      fc.array(fc.integer({ min: 1, max: 9 })),
      fc.integer({ min: 3, max: 20 }),
      (all, cuts, most) => {
        let position = { at: 0, scanned: 0 };
        let end = 0;
        const take = (chunk: Buffer): void => {
          const found = takePieces(chunk, position, most);
          for (const { offset, bytes, lines, unended } of found.pieces) {
            assert.equal(offset, end, 'without a hole');
            end = offset + bytes;
            const piece = all.subarray(offset, end);
            assert.equal(piece.filter(byte => byte === 10).length, unended ? 0 : lines);
            assert.equal(piece.at(-1) === 10, !unended);
            if (unended) assert.equal(bytes, most);
          }
          position = found.position;
          assert.equal(position.at, end);
          assert.ok(position.scanned - position.at < most, 'no line grows for ever');
        };
        for (const cut of cuts) {
          const chunk = all.subarray(position.scanned, position.scanned + cut);
          if (chunk.length > 0) take(chunk);
        }
        assert.ok(!all.subarray(end, position.scanned).includes(10));
      },
    ),
    { numRuns: 500 },
  );
});

test('a piece of several lines is no longer than a read, whatever came before', () => {
  const line = Buffer.concat([Buffer.alloc(40_000, 'x'), Buffer.from('\n')]);
  const rest = Buffer.concat([Buffer.alloc(30_000, 'y'), Buffer.from('\nz\nz\n')]);
  const first = takePieces(line.subarray(0, 40_000), { at: 0, scanned: 0 });
  const then = takePieces(Buffer.concat([Buffer.from('\n'), rest]), first.position);
  assert.deepEqual(
    then.pieces.map(({ bytes, lines }) => [bytes, lines]),
    [
      [40_001, 1],
      [30_005, 3],
    ],
  );
});
