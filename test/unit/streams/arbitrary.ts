/** Logs made up by fast-check: whole lines, and the ways in which they may come. */
import fc from 'fast-check';
import type { LogLines, LogRun, LogStream } from '../../../src/core/log-lines.js';

export interface Line {
  readonly seq: number;
  readonly ts: number;
  readonly stream: LogStream;
  /** Its end of line included. */
  readonly bytes: Buffer;
}

const content = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.string({ minLength: 30, maxLength: 120 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes).toString('latin1')),
  },
);

/** Lines with seqs from `first` on. */
export const arbLog = (first = 1): fc.Arbitrary<Line[]> =>
  fc.array(fc.tuple(content, fc.boolean(), fc.nat(3)), { minLength: 1, maxLength: 30 }).map(lines =>
    lines.map(([text, isError, later], nth) => ({
      seq: first + nth,
      ts: 1000 + nth + later,
      stream: isError ? ('stderr' as const) : ('stdout' as const),
      bytes: Buffer.from(`${text.replaceAll('\n', ' ')}\n`),
    })),
  );

/** As many to an item as the sizes say, in turn; lines of one stream that follow each other are one run. */
export function itemsOf(lines: readonly Line[], sizes: readonly number[]): LogLines[] {
  const items: LogLines[] = [];
  for (let at = 0, turn = 0; at < lines.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    items.push(itemOf(lines.slice(at, at + size)));
    at += size;
  }
  return items;
}

export function itemOf(lines: readonly Line[]): LogLines {
  const runs: LogRun[] = [];
  for (const { seq, ts, stream, bytes } of lines) {
    const run = runs.at(-1);
    if (run?.stream === stream && run.seq + run.lines === seq)
      runs[runs.length - 1] = { ...run, lines: run.lines + 1, bytes: run.bytes + bytes.length };
    else runs.push({ seq, lines: 1, ts, stream, bytes: bytes.length });
  }
  return { kind: 'lines', runs, bytes: Buffer.concat(lines.map(line => line.bytes)) };
}

/** Every line and its bytes, pieces joined; throws where runs do not fit their bytes. */
export function read(items: readonly LogLines[]): { seq: number; bytes: string }[] {
  const lines: { seq: number; bytes: string }[] = [];
  let begun = '';
  for (const { runs, bytes } of items) {
    let at = 0;
    for (const run of runs) {
      const text = bytes.toString('latin1', at, at + run.bytes);
      at += run.bytes;
      const parts = text.split(/(?<=\n)/);
      if (parts.length !== run.lines) throw new Error(`${parts.length} lines in ${JSON.stringify(run)}`);
      parts.forEach((part, nth) => {
        const whole = begun + part;
        const isPiece = run.more === true && nth === run.lines - 1;
        begun = isPiece ? whole : '';
        if (!isPiece) lines.push({ seq: run.seq + nth, bytes: whole });
      });
    }
    if (at !== bytes.length) throw new Error(`${bytes.length} bytes in runs of ${at}`);
  }
  return lines;
}

export const asRead = (lines: readonly Line[]): { seq: number; bytes: string }[] =>
  lines.map(({ seq, bytes }) => ({ seq, bytes: bytes.toString('latin1') }));

export const arbSizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
