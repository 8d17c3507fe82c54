import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Format, KeptFile } from '../../../src/identity/kept-file.js';
import { readPrivate, writePrivate } from '../../../src/identity/private-files.js';
import { place } from './support.js';

const TEXT: Format<string> = { empty: '', parse: text => text, print: text => text };

test('what the machine could not read just now is read at a later look, though the file is the same; told once', t => {
  const file = join(place(t), 'kept');
  for (const code of ['EMFILE', 'ENFILE', 'EIO', 'ENOMEM', 'EAGAIN']) {
    let trouble: string | null = null;
    const told: unknown[] = [];
    const read = (path: string): string => {
      if (trouble !== null) throw Object.assign(new Error(trouble), { code: trouble });
      return readPrivate(path);
    };
    writePrivate(file, 'before');
    const report = ({ cause }: Error): void => void told.push((cause as { code: string }).code);
    const kept = new KeptFile(file, TEXT, report, read).open();
    writePrivate(file, 'revoked');
    trouble = code;
    assert.deepEqual([kept.look(), kept.look(), kept.current, told], [false, false, 'before', [code]]);
    trouble = null;
    assert.deepEqual([kept.look(), kept.look(), kept.current, told], [true, false, 'revoked', [code]]);
  }
});

test('what is wrong with the file itself is not read again before it changes, also after trouble of the machine', t => {
  const file = join(place(t), 'kept');
  let reads = 0;
  let trouble = 'EMFILE';
  const told: string[] = [];
  const read = (): string => {
    reads += 1;
    throw Object.assign(new Error(trouble), { code: trouble });
  };
  writePrivate(file, 'x');
  const kept = new KeptFile(file, TEXT, ({ message }) => told.push(message), read);
  kept.look();
  trouble = 'EACCES';
  for (const _ of [1, 2, 3]) kept.look();
  assert.deepEqual([reads, told.length], [2, 2]);
});
