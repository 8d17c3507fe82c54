import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogLines, LogRun } from '../../../src/core/log-lines.js';
import { decode } from '../../../src/protocol/codec.js';
import { LineText, logPayloads, type TextLine } from '../../../src/protocol/log-text.js';

const item = (runs: readonly (Partial<LogRun> & { readonly text: Buffer })[]): LogLines => ({
  kind: 'lines',
  runs: runs.map(({ text, ...run }) => ({
    seq: 1,
    lines: 1,
    ts: 5,
    stream: 'stdout',
    bytes: text.length,
    ...run,
  })),
  bytes: Buffer.concat(runs.map(({ text }) => text)),
});

test('lines are what stands between the ends of line, whatever it is', () => {
  const text = new LineText();
  const lines = text.lines(
    item([
      { seq: 7, lines: 3, text: Buffer.from('one\r\n\n\x1b[31mred\x1b[0m\n') },
      { seq: 10, stream: 'stderr', unended: true, text: Buffer.from([0xff, 0x41, 0x0a]) },
    ]),
  );
  assert.deepEqual(lines, [
    { seq: 7, ts: 5, stream: 'stdout', line: 'one\r' },
    { seq: 8, ts: 5, stream: 'stdout', line: '' },
    { seq: 9, ts: 5, stream: 'stdout', line: '\x1b[31mred\x1b[0m' },
    { seq: 10, ts: 5, stream: 'stderr', line: '\ufffdA', unended: true },
  ]);
});

test('a character split between two pieces of a line is one, also where another stream comes between', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), fc.nat(), (string, cut) => {
      const bytes = Buffer.from(`${string.replaceAll('\n', ' ')}\n`);
      const at = cut % bytes.length;
      const text = new LineText();
      const lines = [
        ...text.lines(item([{ seq: 1, more: true, text: bytes.subarray(0, at) }])),
        ...text.lines(
          item([
            { seq: 2, stream: 'stderr', text: Buffer.from('é\n') },
            { seq: 1, text: bytes.subarray(at) },
          ]),
        ),
      ];
      assert.deepEqual([lines[0]?.more, lines[1]?.line], [true, 'é']);
      assert.equal(`${lines[0]?.line}${lines[2]?.line}\n`, bytes.toString());
    }),
  );
});

const linesIn = (payloads: readonly Buffer[]) =>
  payloads.flatMap(payload => decode('log', payload).lines ?? []);

test('payloads are those of the contract, none much larger than 64 KiB, and say the same', () => {
  const lines: TextLine[] = [
    ...Array.from({ length: 3000 }, (_, nth) => ({
      seq: nth + 1,
      ts: 1,
      stream: 'stdout' as const,
      line: 'x'.repeat(50),
    })),
    { seq: 3001, ts: 2, stream: 'stderr', line: '"\u0001\u2028\\', unended: true },
  ];
  const payloads = logPayloads(lines, 17);
  assert.ok(payloads.length > 3 && payloads.every(({ length }) => length < 70_000));
  assert.equal(decode('log', payloads[0] as Buffer).epoch, 17);
  assert.deepEqual(linesIn(payloads), lines);
  assert.deepEqual(logPayloads([], null), []);
});

test('a piece that grows in JSON is cut, between characters', () => {
  const line = {
    seq: 1,
    ts: 1,
    stream: 'stdout',
    line: '\u0000'.repeat(40_000) + '😀'.repeat(10_001),
    unended: true,
  } as const;
  const payloads = logPayloads([line], null);
  const parts = linesIn(payloads);
  assert.ok(payloads.every(({ length }) => length < 100_000));
  assert.equal(parts.map(part => part.line).join(''), line.line);
  assert.ok(parts.slice(0, -1).every(part => part.more && !part.unended && part.seq === 1));
  assert.deepEqual([parts.at(-1)?.more, parts.at(-1)?.unended], [undefined, true]);
  assert.ok(parts.every(part => part.line.isWellFormed()));
});
