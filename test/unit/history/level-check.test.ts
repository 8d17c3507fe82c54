/** Tables as LevelDB itself has written them, and what a disk can make of them. */
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { maskedCrc } from '../../../src/history/level-bytes.js';
import { checkTables, isWhole, liveTables } from '../../../src/history/level-check.js';
import { scratch } from './support.js';

/** Tables of several blocks each, packed, and a manifest of several edits. */
async function filled(directory: string): Promise<void> {
  const db = new ClassicLevel(directory);
  await db.open();
  for (let run = 0; run < 3; run++) {
    for (let key = 0; key < 3000; key++)
      await db.put(
        `${run % 2}!${String(key).padStart(6, '0')}`,
        JSON.stringify({ run, key, at: key * 7919 }),
      );
    await db.compactRange('0', '9');
  }
  await db.close();
}
const named = (directory: string, like: RegExp): string[] =>
  readdirSync(directory).filter(name => like.test(name));
const manifestOf = (directory: string): string => named(directory, /^MANIFEST/)[0] as string;

test('the sum is CRC-32C, masked', () => {
  const unmasked = 0xe3069283;
  assert.equal(
    maskedCrc(Buffer.from('123456789')),
    (((unmasked >>> 15) | (unmasked << 17)) + 0xa282ead8) >>> 0,
  );
});

test('what LevelDB has written is whole, and each changed byte that it would read is found', async t => {
  const box = scratch();
  t.after(box.remove);
  await filled(box.path);
  const tables = named(box.path, /\.ldb$/);
  assert.ok(tables.length > 0);
  for (const name of tables) {
    const bytes = readFileSync(join(box.path, name));
    assert.ok(isWhole(bytes), name);
    // Behind the last block is the footer, where some bytes mean nothing.
    for (let at = 0; at < bytes.length - 48; at += 97) {
      const spoilt = Buffer.from(bytes);
      spoilt[at] = (spoilt[at] as number) ^ 0x10;
      assert.equal(isWhole(spoilt), false, `${name} at ${at}`);
    }
  }
});

test('only what belongs to the store is looked at', async t => {
  const box = scratch();
  t.after(box.remove);
  await filled(box.path);
  const manifest = manifestOf(box.path);
  const tables = named(box.path, /\.ldb$/);
  assert.deepEqual(
    liveTables(readFileSync(join(box.path, manifest)))
      .map(number => `${String(number).padStart(6, '0')}.ldb`)
      .sort(),
    tables.sort(),
  );
  const [first = ''] = tables;
  copyFileSync(join(box.path, first), join(box.path, '999999.ldb'));
  const bytes = readFileSync(join(box.path, first));
  bytes[100] = (bytes[100] as number) ^ 1;
  writeFileSync(join(box.path, '999999.ldb'), bytes);
  await checkTables(box.path, manifest);
  writeFileSync(join(box.path, first), bytes);
  await assert.rejects(
    checkTables(box.path, manifest),
    new RegExp(`Corruption: the sums in ${first} are wrong`),
  );
});
