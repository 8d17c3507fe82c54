import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Credit, windowOf } from '../../../src/streams/credit.js';
import { CHUNK_BYTES, HOP_BYTES, MOST_FLOWS, WINDOW_BYTES } from '../../../src/streams/limits.js';

test('flows of one hop share its bytes, and each can have a chunk on its way', () => {
  assert.deepEqual([0, 1, 4, 8, 64, 1000].map(windowOf), [
    WINDOW_BYTES,
    WINDOW_BYTES,
    WINDOW_BYTES,
    WINDOW_BYTES / 2,
    CHUNK_BYTES,
    CHUNK_BYTES,
  ]);
  assert.ok(windowOf(MOST_FLOWS) * MOST_FLOWS <= HOP_BYTES);
});

describe('a producer that sends whenever it may, and a consumer that takes its time', () => {
  const arbStep = fc.record({
    chunk: fc.integer({ min: 1, max: CHUNK_BYTES }),
    flows: fc.integer({ min: 1, max: 64 }),
  });

  test('never stand still, and never have more on their way than a window', () => {
    fc.assert(
      fc.property(fc.array(arbStep, { minLength: 1, maxLength: 60 }), steps => {
        const credit = new Credit(windowOf(steps[0]?.flows ?? 1));
        let [sent, used, limit, most] = [0, 0, credit.limit, windowOf(1)];
        const onTheWay: number[] = [];
        for (const { chunk, flows } of steps) {
          while (sent + chunk > limit) {
            const next = onTheWay.shift();
            assert.ok(next !== undefined, 'all is used up, and there is no room for a chunk');
            used += next;
            if (credit.use(next, windowOf(flows))) limit = credit.limit;
          }
          sent += chunk;
          onTheWay.push(chunk);
          most = Math.max(most, sent - used);
        }
        assert.ok(most <= WINDOW_BYTES);
      }),
      { numRuns: 500 },
    );
  });
});

test('the producer is told at each half of a window, not at each chunk', () => {
  const credit = new Credit(WINDOW_BYTES);
  const told = Array.from({ length: 64 }, () => credit.use(CHUNK_BYTES, WINDOW_BYTES)).filter(Boolean);
  assert.equal(told.length, 8);
  assert.ok(!new Credit(100).raise(100));
});
