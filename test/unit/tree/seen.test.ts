import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Registry } from '../../../src/core/registry.js';
import { Ingest } from '../../../src/tree/ingest.js';
import { Seen } from '../../../src/tree/seen.js';
import { by, EPOCH, message, resultOf, stateOf, TestClock } from './support.js';

function fileOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-seen-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return join(dir, 'seen.jsonl');
}
const T = 'canopy/web/evt';

test('by topic and epoch each number is taken once, and only rising', () => {
  const seen = new Seen();
  const cases: [topic: string, epoch: number | undefined, seq: number | undefined, taken: boolean][] = [
    [T, 10, 1, true],
    [T, 10, 1, false],
    [T, 10, 3, true],
    [T, 10, 2, false],
    ['canopy/web/res', 10, 1, true],
    [T, 11, 1, true],
    [T, 10, 4, true],
    [T, 9, 1, true],
    [T, undefined, 1, true],
    [T, 10, undefined, true],
  ];
  for (const [topic, epoch, seq, taken] of cases)
    assert.equal(
      seen.take(topic, { ...(epoch !== undefined && { epoch }), ...(seq !== undefined && { seq }) }),
      taken,
      `${topic} ${epoch} ${seq}`,
    );
});

test('it keeps the last few epochs of a topic', () => {
  const seen = new Seen();
  for (let epoch = 1; epoch <= 9; epoch++) assert.equal(seen.take(T, { epoch, seq: 5 }), true);
  assert.equal(seen.take(T, { epoch: 2, seq: 5 }), false);
  assert.equal(seen.take(T, { epoch: 1, seq: 5 }), true, 'the oldest had to go');
});

test('what was taken is known after a restart, whatever was cut off in the file', t => {
  const file = fileOf(t);
  const first = new Seen(file);
  for (let seq = 1; seq <= 3; seq++) first.take(T, { epoch: 10, seq });
  first.flush();
  assert.equal(readFileSync(file, 'utf8').trim().split('\n').length, 1, 'one line for what came at once');
  appendFileSync(file, '\n["canopy/we');
  const second = new Seen(file);
  assert.equal(second.take(T, { epoch: 10, seq: 3 }), false);
  assert.equal(second.take(T, { epoch: 10, seq: 4 }), true);
  second.flush();
  assert.equal(new Seen(file).take(T, { epoch: 10, seq: 4 }), false);
});

test('the file does not grow for ever', t => {
  const file = fileOf(t);
  const seen = new Seen(file);
  let most = 0;
  for (let seq = 1; seq <= 12_000; seq++) {
    seen.take(T, { epoch: 10, seq });
    seen.flush();
    most = Math.max(most, statSync(file).size);
  }
  assert.ok(most < 250_000, `${most} bytes`);
  assert.equal(new Seen(file).take(T, { epoch: 10, seq: 12_000 }), false);
});

test('nodes that were started many times do not make it write the file anew at every event', t => {
  const file = fileOf(t);
  const lines = Array.from({ length: 8000 }, (_, at) =>
    JSON.stringify([`canopy/n${at % 1000}/evt`, Math.floor(at / 1000) + 1, 1]),
  );
  appendFileSync(file, lines.join('\n'));
  const seen = new Seen(file);
  const files = new Set<number>();
  for (let seq = 2; seq <= 200; seq++) {
    seen.take('canopy/n1/evt', { epoch: 8, seq });
    seen.flush();
    files.add(statSync(file).ino);
  }
  assert.equal(files.size, 1);
});

test('an event or result that comes again goes no further; of who is forgotten or begins anew nothing is kept', () => {
  const told: string[] = [];
  const ingest = new Ingest(new Registry(), new TestClock(), () => false);
  ingest.listen({
    event: (path, { seq }) => told.push(`event ${path} ${seq}`),
    result: (path, { seq }) => told.push(`result ${path} ${seq}`),
  });
  const evt = { v: 1, epoch: EPOCH, seq: 4, ts: EPOCH, event: 'phase', reason: 'so' };
  const send = (topic: string, value: unknown, who: string | null = null, retain = false) => {
    const answer = ingest.receive(message(topic, value, retain), by(who));
    return 'code' in answer ? answer.code : 'passed';
  };
  assert.equal(send('canopy/a/web/state', stateOf()), 'passed');
  for (const [topic, value] of [
    ['canopy/a/web/evt', evt],
    ['canopy/a/web/res', resultOf({ epoch: EPOCH, seq: 1 })],
  ] as const) {
    assert.equal(send(topic, value), 'passed');
    assert.equal(send(topic, value), 'stale');
  }
  assert.equal(send('canopy/a/web/res', resultOf()), 'passed');
  assert.deepEqual(told, ['event a/web 4', 'result a/web 1', 'result a/web undefined']);
  send('canopy/a/web/state', Buffer.alloc(0), '/', true);
  assert.equal(send('canopy/a/web/evt', evt), 'passed');
  send('canopy/web/state', stateOf(), 'web/one');
  assert.equal(send('canopy/web/evt', evt, 'web/one'), 'passed');
  send('canopy/web/state', stateOf(), 'web/two');
  assert.equal(send('canopy/web/evt', evt, 'web/two'), 'passed');
});
