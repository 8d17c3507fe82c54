import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Parcel, pieces } from '../../../src/streams/chunks.js';
import { CHUNK_BYTES, CHUNK_RUNS } from '../../../src/streams/limits.js';
import { arbLog, arbSizes, asRead, itemOf, itemsOf, read } from './arbitrary.js';

test('pieces are small enough, and the same lines', () => {
  fc.assert(
    fc.property(
      arbLog(),
      fc.integer({ min: 2, max: 80 }),
      fc.integer({ min: 1, max: 4 }),
      (lines, most, runs) => {
        const cut = pieces(itemOf(lines), most, runs);
        for (const piece of cut) assert.ok(piece.bytes.length <= most && piece.runs.length <= runs);
        assert.deepEqual(read(cut), asRead(lines));
      },
    ),
    { numRuns: 500 },
  );
});

test('the mark of a line that was not ended stays on its end', () => {
  const item = itemOf([{ seq: 7, ts: 1, stream: 'stdout', bytes: Buffer.from('abcdef\n') }]);
  const whole = { ...item, runs: item.runs.map(run => ({ ...run, unended: true as const })) };
  assert.deepEqual(
    pieces(whole, 4).flatMap(({ runs }) => runs),
    [
      { seq: 7, lines: 1, ts: 1, stream: 'stdout', bytes: 4, more: true },
      { seq: 7, lines: 1, ts: 1, stream: 'stdout', bytes: 3, unended: true },
    ],
  );
});

test('a parcel holds what fits into one message, in order', () => {
  fc.assert(
    fc.property(arbLog(), arbSizes, (lines, sizes) => {
      const parcel = new Parcel();
      for (const item of itemsOf(lines, sizes)) {
        assert.ok(parcel.fits(item));
        parcel.add(item);
      }
      const { runs, bytes, parts } = parcel.take();
      assert.equal(bytes, Buffer.concat(parts).length);
      assert.deepEqual(read([{ kind: 'lines', runs, bytes: Buffer.concat(parts) }]), asRead(lines));
      assert.ok(parcel.isEmpty && parcel.bytes === 0);
    }),
  );
  const parcel = new Parcel();
  const big = { kind: 'lines', runs: [], bytes: Buffer.alloc(CHUNK_BYTES) } as const;
  assert.ok(parcel.fits(big) && !parcel.isFull);
  parcel.add(big);
  assert.ok(
    parcel.isFull && !parcel.fits(itemOf([{ seq: 1, ts: 1, stream: 'stdout', bytes: Buffer.from('\n') }])),
  );
  parcel.take();
  const run = { seq: 1, lines: 1, ts: 1, stream: 'stdout', bytes: 0 } as const;
  parcel.add({ kind: 'lines', runs: Array(CHUNK_RUNS).fill(run), bytes: Buffer.alloc(0) });
  assert.ok(parcel.isFull);
});
