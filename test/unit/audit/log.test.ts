import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { auditFile } from '../../../src/audit/files.js';
import { noteLocally } from '../../../src/audit/log.js';
import { NOTE, openAudit, refusal } from './support.js';

const modeOf = (file: string): number => statSync(file).mode & 0o777;

test('one line each, of what is known, that only its owner can read', t => {
  const { dir, log, entries, clock } = openAudit(t);
  log.note(NOTE);
  log.note({ ...NOTE, outcome: 'failed', code: 'not-running', id: 'x' });
  assert.deepEqual(entries(), [
    { ts: clock.now(), ...NOTE },
    { ts: clock.now(), ...NOTE, outcome: 'failed', code: 'not-running', id: 'x' },
  ]);
  assert.equal(modeOf(auditFile(dir)), 0o600);
  assert.deepEqual(log.counts, { written: 2, unwritten: 0, lost: 0 });
});

test('it goes on where another process, or an earlier one, has written; a loose mode is put right', t => {
  const { dir, log, entries } = openAudit(t);
  writeFileSync(auditFile(dir), '', { mode: 0o644 });
  chmodSync(auditFile(dir), 0o644);
  log.note(NOTE);
  noteLocally(dir, { ...NOTE, via: 'local', op: 'token create' });
  log.note(NOTE);
  assert.deepEqual(
    entries().map(({ op }) => op),
    ['restart', 'token create', 'restart'],
  );
  assert.equal(modeOf(auditFile(dir)), 0o600);
});

test('a link in its place is not followed, and the loss is said once in a while', t => {
  const { dir, log, clock, warned } = openAudit(t);
  const elsewhere = join(dir, 'elsewhere');
  writeFileSync(elsewhere, '');
  symlinkSync(elsewhere, auditFile(dir));
  for (let count = 0; count < 5; count += 1) log.note(NOTE);
  assert.equal(readFileSync(elsewhere, 'utf8'), '');
  assert.deepEqual([log.counts.lost, warned.length], [5, 1]);
  assert.match(warned[0] as string, /audit log loses entries/);
  clock.pass(61_000);
  log.note(NOTE);
  assert.equal(warned.length, 2);
});

test('what can not be written stops nobody, and the next that can is a line of its own', t => {
  const { dir, log, entries } = openAudit(t);
  mkdirSync(auditFile(dir));
  log.note(NOTE);
  rmSync(auditFile(dir), { recursive: true });
  writeFileSync(auditFile(dir), '{"ts":1,"by":"cut o');
  log.note({ ...NOTE, op: 'stop' });
  assert.deepEqual(readFileSync(auditFile(dir), 'utf8').split('\n').filter(Boolean).length, 2);
  writeFileSync(auditFile(dir), '');
  log.note(NOTE);
  assert.equal(entries().length, 1);
});

test('its files never come to more than the setting, and the newest entries stay', t => {
  const most = 40_000;
  const { dir, log, entries } = openAudit(t, most);
  for (let count = 0; count < 2000; count += 1) log.note({ ...NOTE, id: String(count) });
  const sizes = readdirSync(dir).map(name => statSync(join(dir, name)).size);
  assert.ok(sizes.length === 4 && sizes.reduce((sum, size) => sum + size) <= most + 200, String(sizes));
  const ids = entries().map(({ id }) => Number(id));
  assert.deepEqual(
    ids,
    Array.from({ length: ids.length }, (_, at) => 2000 - ids.length + at),
  );
  assert.ok(ids.length > 150);
  for (const name of readdirSync(dir)) assert.equal(modeOf(join(dir, name)), 0o600);
});

test('a flood of refusals is a count, and pushes out nothing', t => {
  const { log, entries, clock } = openAudit(t);
  log.note(NOTE);
  for (let count = 0; count < 10_000; count += 1) log.note(refusal());
  log.note({ ...NOTE, op: 'stop' });
  assert.equal(entries().length, 22);
  assert.equal(entries().at(-1)?.op, 'stop');
  clock.pass(10_000);
  log.note(refusal());
  assert.equal(entries().at(-1)?.unwritten, 9980);
  assert.equal(log.counts.unwritten, 9980);
});

test('one who floods hides nobody else, and many together no more than so much', t => {
  const { log, entries } = openAudit(t);
  for (let count = 0; count < 100; count += 1) log.note(refusal({ address: '10.6.6.6' }));
  log.note(refusal({ address: '10.0.0.9' }));
  assert.equal(entries().at(-1)?.address, '10.0.0.9');
  for (let count = 0; count < 20_000; count += 1)
    log.note(refusal({ address: `10.1.${count % 250}.${Math.floor(count / 250)}` }));
  assert.equal(entries().length, 200);
});

test('what was only counted is said at the end', t => {
  const { log, entries } = openAudit(t);
  for (let count = 0; count < 30; count += 1) log.note(refusal());
  log.close();
  assert.deepEqual([entries().length, entries().at(-1)?.unwritten], [21, 9]);
});

test('what a caller chooses is bounded, and can not end a line', t => {
  const { log, entries } = openAudit(t);
  log.note({ ...NOTE, by: `x\n{"by":"root"}${'y'.repeat(10_000)}`, op: '\ud800' });
  const [entry] = entries();
  assert.equal(entries().length, 1);
  assert.deepEqual([entry?.by.length, entry?.op], [200, '\ufffd']);
});
