import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ACCESS } from '../../../src/identity/access-file.js';
import { AccessStore } from '../../../src/identity/access-store.js';
import { ISSUED, type Issued } from '../../../src/identity/issued.js';
import { IssuedCertificates } from '../../../src/identity/issued-certificates.js';
import { type Format, KeptFile } from '../../../src/identity/kept-file.js';
import { readPrivate, writePrivate } from '../../../src/identity/private-files.js';
import { cheapHash, DAY, HandClock, NOW, place } from './support.js';

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

test('nothing is written that could not be read again, and nothing added where no room is left to revoke it', async t => {
  const kept = new KeptFile(join(place(t), 'kept'), TEXT).open();
  const [added, most] = [14 * 1024 * 1024, 16 * 1024 * 1024];
  await kept.update(() => 'x'.repeat(added), 'adds');
  await assert.rejects(
    kept.update(() => 'x'.repeat(added + 1), 'adds'),
    { code: 'file-full' },
  );
  await kept.update(() => 'x'.repeat(most));
  await assert.rejects(
    kept.update(() => `\u00fc${'x'.repeat(most - 1)}`),
    { code: 'file-full' },
  );
  assert.equal(kept.open().current.length, most, 'what was there is there still');
});

test('where the files are full a certificate, token or secret more is refused, and each in them can be revoked', async t => {
  const [dir, clock] = [place(t), new HandClock()];
  const full = 14 * 1024 * 1024;
  const certificate: Issued = {
    v: 1,
    ...{ serial: 'aa11', name: 'web', unit: 'leaf' as const, notBefore: NOW, notAfter: NOW + DAY },
    ...{ fingerprint256: 'ab'.repeat(32), key: 'A'.repeat(4096) },
  };
  const line = ISSUED.print([certificate]);
  writePrivate(join(dir, 'pki', 'issued.jsonl'), line.repeat(Math.floor(full / line.length)));
  const issued = new IssuedCertificates(dir, clock);
  await assert.rejects(issued.add(certificate), { code: 'file-full' });
  assert.ok((await issued.revoke('web')).length > 1000);

  const access = new AccessStore(dir, clock, undefined, cheapHash);
  await access.createToken({ name: 'ci', role: 'admin', under: '', expiresAt: null });
  const file = join(dir, 'access.json');
  const { tokens, ...rest } = access.kept.open().current;
  const [one] = tokens;
  assert.ok(one);
  const token = (n: number) => ({ ...one, id: n.toString(16).padStart(12, '0'), name: `token ${n}` });
  const sizeOf = (...all: (typeof one)[]): number => ACCESS.print({ ...rest, tokens: all }).length;
  const size = sizeOf(token(10_000), token(10_001)) - sizeOf(token(10_000));
  const many = Array.from({ length: Math.ceil((full * 1.02) / size) }, (_, n) => token(n));
  writePrivate(file, ACCESS.print({ ...rest, tokens: [...many, one] }));
  const node = { name: 'web', is: 'leaf', expiresAt: NOW + DAY } as const;
  const wanted = { name: 'x', role: 'admin', under: '', expiresAt: null } as const;
  for (const add of [
    () => access.createToken(wanted),
    () => access.createNodeSecret(node),
    () => access.createJoin(node),
  ])
    await assert.rejects(add(), { code: 'file-full' });
  assert.equal((await access.revokeToken('ci')).revokedAt, NOW);
});
