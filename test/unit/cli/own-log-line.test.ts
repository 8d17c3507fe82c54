import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogPrinter } from '../../../src/cli/log-print.js';
import { ownLogLine } from '../../../src/cli/own-log-line.js';

const LINE = '{"level":40,"time":1790000000000,"path":"web","ms":3,"msg":"web is lost"}';

test('time, level, message, fields; what is no JSON as it is', () => {
  const plain = ownLogLine(false);
  assert.equal(plain(LINE), '[2026-09-21 14:13:20.000Z] WARN: web is lost {"path":"web","ms":3}');
  assert.equal(plain('Error: not of ours'), 'Error: not of ours');
  assert.equal(plain('{"half'), '{"half');
  assert.ok(ownLogLine(true)(LINE).includes('\u001b[33mWARN\u001b[39m: \u001b[36mweb is lost'));
});

test('each row of it stands behind the tag of its node', () => {
  const view = { json: false, timestamps: false, colours: false, forPeople: ownLogLine(false) };
  const printer = new LogPrinter(view, true);
  printer.know('rack1');
  const line =
    '{"level":50,"time":1790000000000,"err":{"type":"Error","message":"no","stack":"Error: no\\n    at x"},"msg":"failed"}';
  const rows = printer
    .lines('rack1', [{ seq: 1, ts: 1, stream: 'stdout', line }])
    .trimEnd()
    .split('\n');
  assert.ok(rows.length > 1, rows.join());
  for (const row of rows) assert.match(row, /^rack1 \| /);
  assert.match(rows[0] as string, / ERROR: failed/);
});
