import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Backlog, type Overrun, overrun, type Passing, UNCOUNTED } from '../../../src/logs/overrun.js';

const MOST = 1000;
const over = (stream: Overrun['stream'], bytes: number, counted = true): Overrun => ({
  stream,
  bytes,
  counted,
});

const CASES: readonly [string, [number, number], Passing, Passing, Overrun | null][] = [
  ['all that is there may be kept', [600, 400], null, null, null],
  ['more than that: half is left', [1001, 0], null, 1001, over('stdout', 501)],
  ['on both streams: of the one that has more', [400, 700], null, 1100, over('stderr', 600)],
  ['of one stream no more than there is', [600, 600], null, 1200, over('stdout', 600)],
  ['once begun, it goes on until half is left', [501, 0], 900, 501, over('stdout', 1)],
  ['and no further', [500, 0], 900, null, null],
  ['where an earlier leaf has left much, it is counted', [1e9, 0], null, 1e9, over('stdout', 1e9 - 500)],
  ['while it grows little', [1e9 + UNCOUNTED, 0], 1e9, 1e9, over('stdout', 1e9 + UNCOUNTED - 500)],
  ['not when it has grown', [1e9 + UNCOUNTED + 1, 0], 1e9, 1e9, over('stdout', 1e9 + UNCOUNTED - 499, false)],
  ['by the least that it was', [UNCOUNTED + 1001, 0], 501, 501, over('stdout', UNCOUNTED + 501, false)],
];

for (const [what, [stdout, stderr], before, after, expected] of CASES)
  test(`what is passed over: ${what}`, () => {
    const backlog: Backlog = { stdout, stderr };
    assert.deepEqual(overrun(backlog, MOST, before), { passing: after, over: expected });
  });
