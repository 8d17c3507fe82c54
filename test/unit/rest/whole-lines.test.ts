import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLines, LogRun } from '../../../src/core/log-lines.js';
import { WholeLines } from '../../../src/rest/whole-lines.js';

const TS = 1_790_000_000_000;
type Part = readonly [run: Partial<LogRun> & { seq: number }, bytes: Buffer | string];

function item(...parts: Part[]): LogLines {
  const raw = parts.map(([, bytes]) => Buffer.from(bytes as string));
  const runs = parts.map(([run], at): LogRun => {
    const bytes = raw[at] as Buffer;
    return { lines: 1, ts: TS, stream: 'stdout', bytes: bytes.length, ...run };
  });
  return { kind: 'lines', runs, bytes: Buffer.concat(raw) };
}

const texts = (...items: LogLines[]): [number, string][] => {
  const whole = new WholeLines();
  return items.flatMap(each => whole.lines(each)).map(({ seq, line }) => [seq, line]);
};

const rows: readonly [what: string, items: LogLines[], lines: [number, string][]][] = [
  [
    'a run of lines',
    [item([{ seq: 7, lines: 3 }, 'a\n\nc\n'])],
    [
      [7, 'a'],
      [8, ''],
      [9, 'c'],
    ],
  ],
  ['one empty line', [item([{ seq: 7 }, '\n'])], [[7, '']]],
  [
    'CR, colours and a BOM stay',
    [item([{ seq: 1 }, '\ufeff\x1b[31mred\x1b[0m\r\n'])],
    [[1, '\ufeff\x1b[31mred\x1b[0m\r']],
  ],
  [
    'two runs',
    [item([{ seq: 1 }, 'a\n'], [{ seq: 2, stream: 'stderr', unended: true }, 'b\n'])],
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
  [
    'bytes that are not UTF-8 do not eat the next line',
    [item([{ seq: 1, lines: 2 }, Buffer.from([0x61, 0xe2, 0x82, 0x0a, 0xff, 0x00, 0x0a])])],
    [
      [1, 'a\ufffd'],
      [2, '\ufffd\0'],
    ],
  ],
  [
    'a long line in pieces, a character split over two of them',
    [
      item([{ seq: 1, more: true }, Buffer.from([0x61, 0xe2, 0x82])]),
      item([{ seq: 1, more: true }, Buffer.from([0xac])], [{ seq: 1 }, 'z\n'], [{ seq: 2 }, 'b\n']),
    ],
    [
      [1, 'a€z'],
      [2, 'b'],
    ],
  ],
  [
    'pieces that end in a newline each',
    [item([{ seq: 1, more: true }, 'a\n'], [{ seq: 1, more: true }, 'b\n'], [{ seq: 1 }, 'c\n'])],
    [[1, 'abc']],
  ],
  [
    'a line of which the rest does not come',
    [item([{ seq: 1, more: true }, 'a'], [{ seq: 2 }, 'b\n'])],
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
];
for (const [what, items, lines] of rows) test(what, () => assert.deepEqual(texts(...items), lines));

test('a line keeps when it began and whence, and nothing else', () => {
  const whole = new WholeLines();
  whole.lines(item([{ seq: 4, ts: TS, stream: 'stderr', more: true }, 'x']));
  const [line] = whole.lines(item([{ seq: 4, ts: TS + 1, stream: 'stderr', unended: true }, 'y\n']));
  assert.deepEqual(line, { seq: 4, ts: TS, stream: 'stderr', line: 'xy' });
});

test('what is held of a line is in the gap, or is what there is of it', () => {
  for (const [from, left] of [
    [5, []],
    [6, ['a']],
  ] as const) {
    const whole = new WholeLines();
    assert.deepEqual(whole.lines(item([{ seq: 5, more: true }, 'a'])), []);
    const gap = { kind: 'gap', from, to: 9, reason: '' } as const;
    assert.deepEqual(
      whole.gap(gap).map(({ line }) => line),
      left,
    );
    assert.deepEqual(whole.gap(gap), []);
  }
});
