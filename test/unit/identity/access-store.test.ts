import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CanopyError } from '../../../src/core/errors.js';
import { ACCESS, type AccessFile } from '../../../src/identity/access-file.js';
import { AccessStore } from '../../../src/identity/access-store.js';
import { fitsHash } from '../../../src/identity/hash.js';
import { parseToken } from '../../../src/identity/token-text.js';
import { cheapHash, DAY, HandClock, HOUR, NOW, place } from './support.js';

const NEVER = { expiresAt: null };

test('a token is shown once: the file has its hash, and a second one of the same name is refused', async t => {
  const dir = place(t);
  const store = new AccessStore(dir, new HandClock());
  const { text, record } = await store.createToken({
    name: 'ci',
    role: 'operator',
    under: 'rack1',
    ...NEVER,
  });
  const kept = readFileSync(join(dir, 'access.json'), 'utf8');
  const { id, secret } = parseToken(text) ?? { id: '', secret: '' };
  assert.ok(!kept.includes(secret) && kept.includes(id));
  assert.ok(await fitsHash(secret, record.hash));
  assert.deepEqual(store.current.tokens, [record]);
  await assert.rejects(store.createToken({ name: 'ci', role: 'viewer', under: '', ...NEVER }), {
    code: 'name-in-use',
  });
  await store.revokeToken('ci');
  await store.createToken({ name: 'ci', role: 'viewer', under: '', ...NEVER });
  for (const bad of [{ name: 'x'.repeat(65) }, { name: '' }, { under: 'a//b' }, { expiresAt: NOW + 1.5 }]) {
    const wanted = { name: 'x', role: 'viewer' as const, under: '', ...NEVER, ...bad };
    await assert.rejects(store.createToken(wanted), { code: 'bad-argument' }, JSON.stringify(bad));
  }
  await assert.rejects(store.revokeToken('ci', 'id'), { code: 'no-such-credential' });
  await assert.rejects(store.revokeToken('nobody'), { code: 'no-such-credential' });
  assert.deepEqual(
    store.current.tokens.map(it => it.revokedAt),
    [NOW, undefined],
  );
});

test('a join token is spent by the first; a new one for that name ends the one before', async t => {
  const clock = new HandClock();
  const store = new AccessStore(place(t), clock, undefined, cheapHash);
  const expiresAt = NOW + HOUR;
  const { record: before } = await store.createJoin({ name: 'rack1', is: 'relay', expiresAt });
  const { record } = await store.createJoin({ name: 'rack1', is: 'relay', expiresAt });
  assert.deepEqual(
    store.current.joins.map(it => it.revokedAt),
    [NOW, undefined],
  );
  assert.equal(await store.spendJoin(before.id), null, 'it spends no later one of that name');
  const both = await Promise.all([store.spendJoin(record.id), store.spendJoin(record.id)]);
  assert.deepEqual(both.map(it => it?.is).sort(), ['relay', undefined]);
  assert.equal(await store.spendJoin('ab'.repeat(6)), null);
  const { record: late } = await store.createJoin({ name: 'rack2', is: 'leaf', expiresAt });
  clock.pass(HOUR);
  assert.equal(await store.spendJoin(late.id), null, 'expired');
});

test('what has ended is kept for thirty days, for those who still show it', async t => {
  const clock = new HandClock();
  const store = new AccessStore(place(t), clock, undefined, cheapHash);
  await store.createJoin({ name: 'a', is: 'leaf', expiresAt: NOW + HOUR });
  clock.pass(HOUR + 30 * DAY - 1);
  await store.createJoin({ name: 'b', is: 'leaf', expiresAt: clock.at + HOUR });
  assert.equal(store.current.joins.length, 2);
  clock.pass(1);
  await store.createJoin({ name: 'c', is: 'leaf', expiresAt: clock.at + HOUR });
  assert.deepEqual(
    store.current.joins.map(it => it.name),
    ['b', 'c'],
  );
});

/** Adds so many secrets of nodes, one by one, as another process would. */
const WRITER = `
const [base, dir, tag, hash] = process.argv.slice(1);
const { AccessStore } = await import(base + '/access-store.js');
const store = new AccessStore(dir, { now: Date.now, mono: Date.now });
for (let n = 0; n < 15; n++) {
  const record = { name: tag + n, is: 'leaf', createdAt: 1, expiresAt: null, hash };
  await store.kept.update(file => ({ ...file, nodes: [...file.nodes, record] }));
}`;

test('of what several processes write at once nothing is lost', async t => {
  const dir = place(t);
  const base = new URL('../../../src/identity', import.meta.url).href;
  const hash = await cheapHash('x');
  const ends = ['a', 'b', 'c'].map(tag => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, base, dir, tag, hash], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return new Promise<number | null>(resolve => child.once('close', resolve));
  });
  assert.deepEqual(await Promise.all(ends), [0, 0, 0]);
  const { nodes } = new AccessStore(dir, new HandClock()).kept.open().current;
  assert.equal(nodes.length, 45);
});

const HASH = await cheapHash('x');
const SOUND: AccessFile = {
  v: 1,
  tokens: [
    {
      id: 'ab'.repeat(6),
      name: 'ci',
      role: 'admin',
      under: 'rack1',
      createdAt: 1,
      expiresAt: null,
      hash: HASH,
    },
  ],
  nodes: [{ name: 'web', is: 'leaf', createdAt: 1, expiresAt: 5, hash: HASH }],
  joins: [{ id: 'cd'.repeat(6), name: 'web', is: 'leaf', createdAt: 1, expiresAt: 5, hash: HASH }],
};
const [token, node, joining] = [SOUND.tokens[0], SOUND.nodes[0], SOUND.joins[0]];
const HOSTILE: Record<string, string> = {
  empty: '',
  'cut off': ACCESS.print(SOUND).slice(0, 200),
  'no object': 'null',
  'a list': '[]',
  'another version': JSON.stringify({ ...SOUND, v: 2 }),
  'no version': JSON.stringify({ ...SOUND, v: undefined }),
  'no tokens': JSON.stringify({ ...SOUND, tokens: undefined }),
  'tokens that are none': JSON.stringify({ ...SOUND, tokens: [null] }),
  'a role of its own': JSON.stringify({ ...SOUND, tokens: [{ ...token, role: 'god' }] }),
  'a path that is none': JSON.stringify({ ...SOUND, tokens: [{ ...token, under: '../x' }] }),
  'an end in words': JSON.stringify({ ...SOUND, tokens: [{ ...token, expiresAt: 'never' }] }),
  'an end left out': JSON.stringify({ ...SOUND, tokens: [{ ...token, expiresAt: undefined }] }),
  'a secret in plain': JSON.stringify({ ...SOUND, nodes: [{ ...node, hash: 'sesame' }] }),
  'a hash that holds up': JSON.stringify({
    ...SOUND,
    nodes: [{ ...node, hash: HASH.replace('ln=1', 'ln=30') }],
  }),
  'a name that is none': JSON.stringify({ ...SOUND, nodes: [{ ...node, name: 'a/b' }] }),
  'a node twice': JSON.stringify({ ...SOUND, nodes: [node, node] }),
  'an id twice': JSON.stringify({ ...SOUND, joins: [joining, { ...joining, id: token?.id }] }),
  __proto__: `{"__proto__":${JSON.stringify(SOUND)}}`,
  deep: `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
};

test('a file that is not sound is refused at the start, by a code, telling none of what stands in it', t => {
  for (const [what, text] of Object.entries(HOSTILE)) {
    const dir = place(t);
    writeFileSync(join(dir, 'access.json'), text, { mode: 0o600 });
    assert.throws(
      () => new AccessStore(dir, new HandClock()).kept.open(),
      (error: CanopyError) =>
        error.code === 'bad-identity-file' &&
        error.message.includes(dir) &&
        !/sesame|\$scrypt/.test(error.message),
      what,
    );
  }
  assert.equal(ACCESS.parse(JSON.stringify({ ...SOUND, later: 1 })).tokens.length, 1, 'it may grow');
});

test('a file that becomes unsound while it is in force changes nothing, is told once each, and is not written over', async t => {
  const dir = place(t);
  const file = join(dir, 'access.json');
  const told: string[] = [];
  writeFileSync(file, ACCESS.print(SOUND), { mode: 0o600 });
  const store = new AccessStore(dir, new HandClock(), error => told.push(error.code));
  store.kept.open();
  for (const [what, text] of Object.entries(HOSTILE)) {
    told.length = 0;
    writeFileSync(file, text);
    assert.equal(store.kept.look(), false, what);
    assert.equal(store.kept.look(), false, what);
    assert.deepEqual([store.current, told], [SOUND, ['bad-identity-file']], what);
    await assert.rejects(store.revokeToken('ci'), { code: 'bad-identity-file' }, what);
    assert.equal(readFileSync(file, 'utf8'), text, what);
  }
  told.length = 0;
  writeFileSync(file, ACCESS.print(SOUND));
  assert.equal(store.kept.look(), true, 'mended');
  chmodSync(file, 0o644);
  assert.equal(store.kept.look(), false);
  assert.deepEqual([store.current, told], [SOUND, ['loose-permissions']]);
  rmSync(file);
  assert.equal(store.kept.look(), true, 'removed: nobody comes in any more');
  assert.deepEqual(store.current, ACCESS.empty);
});

test('any JSON in any place of the file is sound or refused', () => {
  const keys = ['v', 'tokens', 'nodes', 'joins'] as const;
  const lists = { tokens: token, nodes: node, joins: joining };
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.string(), fc.jsonValue({ maxDepth: 3 }), (key, field, value) => {
      const broken = key === 'v' ? value : [{ ...lists[key], [field]: value }];
      for (const text of [JSON.stringify({ ...SOUND, [key]: broken }), JSON.stringify(value)]) {
        try {
          ACCESS.parse(text);
        } catch (error) {
          assert.ok(
            (error as Error).message.startsWith('expected') ||
              /is not a name|a path has/.test((error as Error).message),
          );
        }
      }
    }),
  );
});
