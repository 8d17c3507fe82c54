import assert from 'node:assert/strict';
import { test } from 'node:test';
import { span, spanOrNever } from '../../../src/cli/span.js';

test('spans of time are read as people write them, or refused', () => {
  const table: [string, number][] = [
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['90d', 7_776_000_000],
    ['600', 600_000],
    ['0.5', 500],
    ['36525d', 36_525 * 86_400_000],
  ];
  for (const [text, ms] of table) assert.equal(span(text), ms, text);
  for (const text of [
    '',
    ' ',
    '0',
    '0s',
    '-1',
    'soon',
    '1w',
    '1 h',
    '1h ',
    '36526d',
    '1e99',
    'Infinity',
    'NaN',
    'never',
  ])
    assert.throws(() => span(text), /expected a span/, text);
  assert.deepEqual([spanOrNever('never'), spanOrNever('1s')], [null, 1000]);
});
