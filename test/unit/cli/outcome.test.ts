import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inWords, progressInWords } from '../../../src/cli/outcome.js';
import type { Tracked } from '../../../src/tree/desk.js';

const result = (more: Partial<Tracked>): Tracked =>
  ({ v: 1, id: 'a', path: '', op: 'restart', status: 'succeeded', done: true, ts: 1, ...more }) as Tracked;

test('what became of a command, for people', () => {
  const table: [Partial<Tracked>, string][] = [
    [{}, 'restart: succeeded'],
    [{ data: { pid: 7 } }, 'restart: succeeded {"pid":7}'],
    [
      { status: 'rejected', error: { code: 'bad-argument', message: 'so' } },
      'restart: rejected bad-argument: so',
    ],
    [
      {
        status: 'partial',
        data: {
          expected: 2,
          succeeded: 1,
          results: [
            { path: 'a', status: 'succeeded' },
            { path: 'b', status: 'failed', error: 'why' },
          ],
        },
      },
      'restart: partial, 1 of 2\n  a: succeeded\n  b: failed (why)',
    ],
    [
      {
        op: 'scale',
        status: 'partial',
        data: {
          count: 5,
          running: 3,
          missing: 2,
          results: [{ path: 'a', action: 'start', status: 'succeeded' }],
        },
      },
      'scale: partial, 3 of 5 run, 2 missing\n  a start: succeeded',
    ],
    [
      { op: 'scale', status: 'partial', data: { count: 1, running: 3, missing: 0, surplus: 2, results: [] } },
      'scale: partial, 3 of 1 run, 2 too many',
    ],
    [
      { op: 'scale', data: { dryRun: true, count: 2, running: 0, results: [] } },
      'scale: succeeded, 0 of 2 run (nothing was done)',
    ],
    [
      {
        op: 'rebalance',
        data: { expected: 1, succeeded: 1, results: [{ path: 'a/w', to: 'b/w', status: 'succeeded' }] },
      },
      'rebalance: succeeded, 1 of 1\n  a/w -> b/w: succeeded',
    ],
  ];
  for (const [more, words] of table) assert.equal(inWords(result(more)), words);
});

test('how far it is', () => {
  assert.equal(progressInWords(result({ data: { done: 3, expected: 10 } })), 'restart: 3 of 10 done');
  assert.equal(progressInWords(result({})), '');
  assert.equal(progressInWords(result({ data: { phase: 'stopping' } })), '');
});
