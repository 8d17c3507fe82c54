import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { append, auditFile, roll } from '../../../src/audit/files.js';
import { lineOf } from '../../../src/audit/log.js';
import { type AuditQuery, readAudit } from '../../../src/audit/read.js';
import { NOTE, openAudit } from './support.js';

const idsOf = async (dir: string, query: Partial<AuditQuery> = {}): Promise<string[]> =>
  (await readAudit(dir, { limit: 1000, ...query })).entries.map(({ id }) => id ?? '');

test('newest first, over all files, by each filter', async t => {
  const { dir, log, clock } = openAudit(t, 3000);
  const since = clock.now() + 5000;
  const rows = [
    { id: '1', by: 'ann' },
    { id: '2', path: 'rack1' },
    { id: '3', path: 'rack10' },
    { id: '4', path: null, op: 'login' },
    { id: '5', outcome: 'failed' as const },
    { id: '6', path: 'rack1/web/a', by: 'bob' },
  ];
  for (const row of rows) {
    clock.pass(1000);
    log.note({ ...NOTE, by: 'eve', ...row });
  }
  assert.deepEqual(await idsOf(dir), ['6', '5', '4', '3', '2', '1']);
  assert.deepEqual(await idsOf(dir, { by: 'ann' }), ['1']);
  assert.deepEqual(await idsOf(dir, { path: 'rack1' }), ['6', '5', '2', '1']);
  assert.deepEqual(await idsOf(dir, { path: '' }), ['6', '5', '3', '2', '1']);
  assert.deepEqual(await idsOf(dir, { op: 'login' }), ['4']);
  assert.deepEqual(await idsOf(dir, { outcome: 'failed' }), ['5']);
  assert.deepEqual(await idsOf(dir, { since }), ['6', '5']);
});

test('in pages, each entry once, also where the files are rolled in between', async t => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 7 }),
      fc.boolean(),
      async (lengths, limit, isRolled) => {
        const { dir } = openAudit(t);
        const ids = lengths.map((length, at) => `${at}${'x'.repeat(length)}`);
        for (const [at, id] of ids.entries()) {
          append(dir, lineOf({ ...NOTE, id }, at));
          if (at === 20) roll(dir);
        }
        const found: string[] = [];
        let cursor: string | null = null;
        do {
          const page: Awaited<ReturnType<typeof readAudit>> = await readAudit(dir, {
            limit,
            ...(cursor !== null && { cursor }),
          });
          found.push(...page.entries.map(({ id }) => id ?? ''));
          cursor = page.nextCursor;
          if (isRolled && found.length <= limit) roll(dir);
        } while (cursor !== null);
        assert.deepEqual(found, ids.reverse());
      },
    ),
    { numRuns: 40 },
  );
});

test('lines that are none, and one that is cut off, are passed over', async t => {
  const { dir, log } = openAudit(t);
  log.note({ ...NOTE, id: '1' });
  appendFileSync(auditFile(dir), 'nonsense\n\n[1]\nnull\n{"ts":"x"}\n');
  log.note({ ...NOTE, id: '2' });
  appendFileSync(auditFile(dir), '{"ts":1,"by":"cut o');
  assert.deepEqual(await idsOf(dir), ['2', '1']);
  appendFileSync(auditFile(dir), Buffer.alloc(1_000_000, 'x'));
  assert.ok((await idsOf(dir)).length >= 1);
});

test('a longer file than one piece, and what may be seen', async t => {
  const { dir } = openAudit(t);
  const lines = Array.from({ length: 3000 }, (_, at) => lineOf({ ...NOTE, id: String(at) }, at));
  append(dir, lines.join(''));
  const { entries } = await readAudit(dir, { limit: 5 }, ({ id }) => Number(id) < 10);
  assert.deepEqual(
    entries.map(({ id }) => id),
    ['9', '8', '7', '6', '5'],
  );
});

test('files that are rolled while they are read are read once', async t => {
  const { dir } = openAudit(t);
  for (const id of ['1', '2']) append(dir, lineOf({ ...NOTE, id }, 1));
  roll(dir);
  append(dir, lineOf({ ...NOTE, id: '3' }, 3));
  let isRolled = false;
  const { entries } = await readAudit(dir, { limit: 10 }, () => {
    if (!isRolled) roll(dir);
    isRolled = true;
    return true;
  });
  assert.deepEqual(
    entries.map(({ id }) => id),
    ['3', '2', '1'],
  );
});

test('no file is no entry; a cursor of somebody else is refused', async t => {
  const { dir } = openAudit(t);
  assert.deepEqual(await readAudit(dir, { limit: 1 }), { entries: [], nextCursor: null });
  for (const cursor of ['', '%', 'x:y', Buffer.from('1:-1').toString('base64url'), 'A'.repeat(5000)])
    await assert.rejects(readAudit(dir, { limit: 1, cursor }), /cursor: expected/);
});
