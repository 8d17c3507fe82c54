/** A store in a directory of its own, and whoever writes to its files. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../../src/core/clock.js';
import type { LogItem, LogQuery, LogRun, LogSource, LogStream } from '../../../src/core/log-lines.js';
import type { StoreOptions } from '../../../src/logs/options.js';
import { LogStore } from '../../../src/logs/store.js';

export function place(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-logs-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'logs');
}

export const storeIn = (dir: string, more: Partial<StoreOptions> = {}): LogStore =>
  new LogStore({
    dir,
    segmentBytes: 64 * 1024,
    maxBytes: 1024 * 1024 * 1024,
    maxAgeMs: null,
    capture: 'files',
    clock: systemClock,
    ...more,
  });

/** A clock that stands until it is set. */
export class Hand implements Clock {
  constructor(public ts = 1_790_000_000_000) {}
  now(): number {
    return this.ts;
  }
  mono(): number {
    return this.ts;
  }
}

/** What a target that is done has written, indexed by now. */
export async function wrote(store: LogStore, parts: readonly [LogStream, string | Buffer][]): Promise<void> {
  const files = store.outputs();
  store.began();
  for (const [stream, bytes] of parts) appendFileSync(files[stream], bytes);
  store.ended();
  await store.stop();
}

export interface Line {
  readonly seq: number;
  readonly ts: number;
  readonly stream: LogStream;
  readonly text: string;
  readonly unended: boolean;
}

export interface Answer {
  readonly lines: Line[];
  readonly items: LogItem[];
}

/** All that a query answers, its lines taken apart. */
export async function ask(store: LogSource, query: LogQuery = {}): Promise<Answer> {
  const items: LogItem[] = [];
  for await (const item of store.read(query, new AbortController().signal)) items.push(item);
  return { items, lines: linesOf(items) };
}

export function linesOf(items: readonly LogItem[]): Line[] {
  const lines: Line[] = [];
  let begun = '';
  for (const item of items) {
    if (item.kind !== 'lines') continue;
    let at = 0;
    for (const run of item.runs) {
      const text = begun + item.bytes.toString('latin1', at, at + run.bytes);
      at += run.bytes;
      begun = run.more ? text : '';
      if (!run.more) lines.push(...linesOfRun(run, text));
    }
    if (at !== item.bytes.length) throw new Error(`${item.bytes.length} bytes in runs of ${at}`);
  }
  return lines;
}

function linesOfRun({ seq, ts, stream, lines, unended }: LogRun, text: string): Line[] {
  if (!text.endsWith('\n')) throw new Error(`no end of line in the run of ${seq}`);
  const texts = text.slice(0, -1).split('\n');
  if (texts.length !== lines) throw new Error(`${texts.length} lines in a run of ${lines}`);
  return texts.map((one, index) => ({ seq: seq + index, ts, stream, text: one, unended: unended === true }));
}

export const textsOf = (answer: Answer): string[] => answer.lines.map(line => line.text);

/** Lines of so many bytes. */
export const numbered = (from: number, to: number, bytes = 64): string =>
  Array.from({ length: to - from + 1 }, (_, at) => `${String(from + at).padStart(bytes - 1)}\n`).join('');

/** Of `numbered` lines: every one has its own number, and what is missing is told. */
export function assertExact({ lines, items }: Answer, last: number): void {
  for (const { seq, text } of lines) assert.equal(Number(text), seq);
  const told = items.flatMap(item => {
    if (item.kind === 'gap') return [[item.from, item.to]];
    return item.kind === 'lines' ? item.runs.map(({ seq, lines }) => [seq, seq + lines - 1]) : [];
  });
  let next = told[0]?.[0] ?? Number.NaN;
  for (const [from, to] of told) {
    assert.equal(from, next);
    next = (to as number) + 1;
  }
  assert.equal(next, last + 1);
}
