import assert from 'node:assert/strict';
import { test } from 'node:test';
import { merged } from '../../../src/cli/log-merge.js';
import { LogPrinter } from '../../../src/cli/log-print.js';

const TS = Date.UTC(2026, 10, 25, 17, 0, 0, 5);
const PLAIN = { json: false, timestamps: false, colours: false };
const line = { seq: 7, ts: TS, stream: 'stderr', line: 'hello' };

function printed(view: Partial<typeof PLAIN>, tagged: boolean, ...paths: string[]): string[] {
  const printer = new LogPrinter({ ...PLAIN, ...view }, tagged);
  for (const path of paths) printer.know(path);
  return paths.map(path => printer.lines(path, [line, line]).split('\n')[0] as string);
}

test('one log is printed as it is', () => {
  assert.deepEqual(printed({}, false, 'web'), ['hello']);
  assert.deepEqual(printed({ timestamps: true }, false, 'web'), ['2026-11-25T17:00:00.005Z hello']);
});

test('several have tags of one width, each with its colour where there are colours', () => {
  assert.deepEqual(printed({}, true, 'web', 'rack1/api'), ['web       | hello', 'rack1/api | hello']);
  assert.deepEqual(printed({ timestamps: true }, true, 'web'), ['web | 2026-11-25T17:00:00.005Z hello']);
  assert.deepEqual(printed({ colours: true }, true, 'a', 'b'), [
    '\u001b[36ma | \u001b[0mhello',
    '\u001b[33mb | \u001b[0mhello',
  ]);
  const many = Array.from({ length: 30 }, (_, at) => `w${at}`);
  for (const text of printed({ colours: true }, true, ...many)) assert.ok(text.startsWith('\u001b['), text);
});

test('a line that leaves its colour on does not colour the tags behind it', () => {
  const red = { ...line, line: '\u001b[41mred' };
  const lines = (view: Partial<typeof PLAIN>, tagged: boolean): string =>
    new LogPrinter({ ...PLAIN, ...view }, tagged).lines('a', [red]);
  assert.ok(lines({ colours: true }, true).endsWith('\u001b[41mred\u001b[0m\n'));
  for (const text of [lines({ colours: true }, false), lines({}, true)])
    assert.ok(text.endsWith('\u001b[41mred\n'), 'as it is');
});

test('for programs it is all in the object', () => {
  const [text = ''] = printed({ json: true, timestamps: true, colours: true }, true, 'web');
  assert.deepEqual(JSON.parse(text), { path: 'web', ...line });
});

test('logs are merged by time, each in its own order', async () => {
  async function* log(name: string, ...times: number[]) {
    for (const ts of times) yield { ts, name };
  }
  const found: string[] = [];
  for await (const { ts, name } of merged([log('a', 1, 4, 4), log('b'), log('c', 2, 4, 3)]))
    found.push(`${name}${ts}`);
  assert.deepEqual(found, ['a1', 'c2', 'a4', 'a4', 'c4', 'c3']);
});
