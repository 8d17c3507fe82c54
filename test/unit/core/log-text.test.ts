import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogLines, LogRun } from '../../../src/core/log-lines.js';
import { LogText, lastWhole } from '../../../src/core/log-text.js';

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
  const text = new LogText();
  return items.flatMap(each => text.lines(each)).map(({ seq, line }) => [seq, line]);
};

const rows: readonly [what: string, items: LogLines[], lines: [number, string][]][] = [
  [
    'a run of lines',
    [item([{ seq: 7, lines: 3 }, 'a\nb\nc\n'])],
    [
      [7, 'a'],
      [8, 'b'],
      [9, 'c'],
    ],
  ],
  [
    'an empty line',
    [item([{ seq: 7, lines: 3 }, 'a\n\n\n'])],
    [
      [7, 'a'],
      [8, ''],
      [9, ''],
    ],
  ],
  ['one empty line', [item([{ seq: 7 }, '\n'])], [[7, '']]],
  [
    'a last line without an end',
    [item([{ seq: 7, lines: 2, unended: true }, 'a\nb'])],
    [
      [7, 'a'],
      [8, 'b'],
    ],
  ],
  ['CR and colours stay', [item([{ seq: 1 }, '\x1b[31mred\x1b[0m\r\n'])], [[1, '\x1b[31mred\x1b[0m\r']]],
  ['a BOM stays', [item([{ seq: 1 }, '\ufeffa\n'])], [[1, '\ufeffa']]],
  [
    'two runs',
    [item([{ seq: 1 }, 'a\n'], [{ seq: 2, stream: 'stderr' }, 'b\n'])],
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

test('a line keeps when it was captured and whence', () => {
  const [line] = new LogText().lines(item([{ seq: 4, ts: TS + 1, stream: 'stderr' }, 'x\n']));
  assert.deepEqual(line, { seq: 4, ts: TS + 1, stream: 'stderr', line: 'x' });
});

test('what is held of a line is in the gap, or is what there is of it', () => {
  const gap = (from: number, to: number) => ({ kind: 'gap', from, to, reason: '' }) as const;
  for (const [from, left] of [
    [5, []],
    [6, ['a']],
  ] as const) {
    const text = new LogText();
    assert.deepEqual(text.lines(item([{ seq: 5, more: true }, 'a'])), []);
    const lines = text.gap(gap(from, 9)).map(({ line }) => line);
    assert.deepEqual(lines, left);
    assert.deepEqual(text.gap(gap(from, 9)), []);
  }
});

test('a line of many pieces costs no more than its bytes', () => {
  const piece = Buffer.alloc(65_536, 'x');
  const text = new LogText();
  for (let at = 0; at < 255; at++) assert.deepEqual(text.lines(item([{ seq: 1, more: true }, piece])), []);
  assert.equal(text.lines(item([{ seq: 1 }, '\n']))[0]?.line.length, 255 * 65_536);
});

test('the last whole line of an item', () => {
  const { runs } = item([{ seq: 1, lines: 3 }, 'a\nb\nc\n'], [{ seq: 4, more: true }, 'x']);
  assert.equal(lastWhole(runs), 3);
  assert.equal(lastWhole(runs.slice(1)), null);
});
