import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeMemory, size } from '../../../src/core/memory-limits.js';

const M = 1024 ** 2;

test('what is over which limit', () => {
  const table: [number, number | null, number | null, boolean, string | null][] = [
    [600, null, null, false, null],
    [512, 256, 512, false, 'warn: rss 512 MB over memory_warn 256 MB'],
    [612.34, 256, 512, false, 'max: rss 612.3 MB over memory_max 512 MB'],
    [612, null, 512, true, 'max: rss 612 MB over memory_max 512 MB'],
    [256, 256, 512, false, null],
    [250, 256, 512, true, 'warn: rss 250 MB over memory_warn 256 MB'],
    [243, 256, 512, true, null],
    [2048, 1024, null, false, 'warn: rss 2 GB over memory_warn 1 GB'],
  ];
  const bytes = (of: number | null): number | null => of && of * M;
  for (const [rss, warn, max, warned, expected] of table) {
    const { over, reason } = judgeMemory(rss * M, { warn: bytes(warn), max: bytes(max) }, warned);
    assert.equal(over && `${over}: ${reason}`, expected, `${rss} of ${warn}, ${max}`);
  }
});

test('sizes as people say them', () => {
  const table: [number, string][] = [
    [0, '0 bytes'],
    [1023, '1023 bytes'],
    [1024, '1 KB'],
    [1.5 * M, '1.5 MB'],
    [1024 ** 5, '1024 TB'],
  ];
  for (const [bytes, text] of table) assert.equal(size(bytes), text);
});
