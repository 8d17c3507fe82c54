import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffWithin, delayAfter } from '../../../broker/wire/backoff.js';

test('attempts follow each other no more slowly than heartbeats, nor than every 2 s, nor more quickly than every 100 ms', () => {
  for (const [intervalMs, maxMs] of [
    [10, 100],
    [300, 300],
    [3000, 2000],
  ] as const) {
    const backoff = backoffWithin(intervalMs);
    assert.deepEqual(backoff, { minMs: 100, maxMs });
    for (let attempts = 0; attempts < 50; attempts++) {
      const delay = delayAfter(backoff, attempts);
      assert.ok(delay >= 50 && delay <= maxMs, `${delay}`);
    }
  }
});
