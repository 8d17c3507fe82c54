import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ask, awayAtOnce, outages } from '../../support/outages.js';

/** `1 x..x.` : what instance 1 answered, 10 ms each. */
const asked = (line: string): Ask[] => {
  const [instance, answers = ''] = line.split(' ');
  return [...answers].map((answer, n) => ({
    instance: Number(instance),
    from: n * 10,
    to: n * 10 + 8,
    ok: answer === '.',
  }));
};
const away = (...lines: string[]) => awayAtOnce(lines.flatMap(asked));

test('an outage lasts from its first refusal to the begin of its last', () => {
  assert.deepEqual(outages(asked('1 ..xxx..xx')), [
    { instance: 1, from: 28, to: 40 },
    { instance: 1, from: 78, to: 80 },
  ]);
});

test('away at once are those whose outages overlap', () => {
  const TABLE: [string[], number[]][] = [
    [['1 ......', '2 ......'], []],
    [['1 .xxx..', '2 ......'], [1]],
    [['1 xxx....', '2 ....xxx'], [1]],
    [['1 xxx....', '2 ...xxx.'], [1]],
    [
      ['1 .xxxx..', '2 ..xxxx.'],
      [1, 2],
    ],
    [
      ['1 xxxx...', '2 .xxxxxx', '3 ....xxx'],
      [1, 2],
    ],
    [
      ['1 xxxxxxx', '2 xxx.xxx', '3 ..xxxx.'],
      [1, 2, 3],
    ],
  ];
  for (const [lines, wanted] of TABLE) assert.equal(away(...lines).length, wanted.length, lines.join('; '));
  assert.deepEqual(away('1 .xxxx..', '2 ..xxxx.').sort(), [1, 2]);
});

test('what the clock of the client cannot tell apart proves nothing', () => {
  assert.equal(away('1 .x.....', '2 .x.....').length <= 1, true);
});
