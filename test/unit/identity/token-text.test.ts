import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CanopyError } from '../../../src/core/errors.js';
import { type JoinToken, parseJoinToken, printJoinToken } from '../../../src/identity/join-token.js';
import {
  newToken,
  parseJoinSecret,
  parseToken,
  printJoinSecret,
  printToken,
} from '../../../src/identity/token-text.js';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const arbToken = fc.record(
  { id: hex(12), secret: fc.stringMatching(/^[A-Za-z0-9_-]{43}$/) },
  { noNullPrototype: true },
);
const arbJoin: fc.Arbitrary<JoinToken> = fc.record(
  {
    url: fc.constantFrom('mqtts://canopy.example:8883', 'wss://[::1]:443/mqtt', 'mqtts://10.0.0.1:1'),
    ca: hex(64),
    name: fc.stringMatching(/^n[A-Za-z0-9_-]{0,61}$/),
    kind: fc.constantFrom('leaf', 'relay'),
    secret: arbToken.map(printJoinSecret),
    exp: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  },
  { noNullPrototype: true },
);

test('what is printed is read again, whatever it is', () => {
  fc.assert(
    fc.property(arbToken, arbJoin, (token, join) => {
      assert.deepEqual(parseToken(printToken(token)), token);
      assert.deepEqual(parseJoinSecret(printJoinSecret(token)), token);
      assert.deepEqual(parseJoinToken(` ${printJoinToken(join)}\n`), join);
    }),
  );
});

test('tokens are made of 256 random bits, and none is one of another kind', () => {
  const made = Array.from({ length: 100 }, newToken);
  assert.equal(new Set(made.flatMap(({ id, secret }) => [id, secret])).size, 200);
  for (const token of made) {
    assert.equal(Buffer.from(token.secret, 'base64url').length, 32);
    assert.deepEqual([parseToken(printJoinSecret(token)), parseJoinSecret(printToken(token))], [null, null]);
  }
});

test('what is no token is none', () => {
  const { id, secret } = newToken();
  for (const text of [
    '',
    'cnpy_',
    `cnpy_${id}`,
    `cnpy_${id}_${secret}x`,
    `cnpy_${id.toUpperCase()}g_${secret}`,
    `cnpy_${id}_${secret}\n`,
  ])
    assert.equal(parseToken(text), null, JSON.stringify(text));
});

const SOUND: JoinToken = {
  url: 'mqtts://canopy.example:8883',
  ca: 'ab'.repeat(32),
  name: 'rack1',
  kind: 'relay',
  secret: printJoinSecret(newToken()),
  exp: 1_790_000_000_000,
};
const encoded = (value: unknown): string =>
  `cnpy_join_${Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')}`;

test('a join token that is not sound says which field, and never what stands in it', () => {
  const wrong: [keyof JoinToken, unknown[]][] = [
    ['url', ['mqtt://plain.example:1883', 'http://x', 'mqtts://user:word@x:1', 'mqtts://', 7, null, '']],
    ['ca', ['ab', 'AB'.repeat(32), 7, null]],
    ['name', ['', 'a/b', 'cmd', '../x', 7, null, '__proto__']],
    ['kind', ['root', '', 7, null]],
    ['secret', ['', 'short', 7, null, printToken(newToken())]],
    ['exp', [-1, 1.5, '7', null, 1e300]],
  ];
  for (const [key, values] of wrong)
    for (const value of [...values, undefined]) {
      const bad = encoded({ ...SOUND, [key]: value });
      assert.throws(
        () => parseJoinToken(bad),
        (error: CanopyError) =>
          error.code === 'bad-join-token' &&
          error.message.includes(` ${key}`) &&
          !error.message.includes(SOUND.secret),
        `${key} ${value}`,
      );
    }
});

test('any text at all is read or refused by that one code, and does no harm', () => {
  const sound = printJoinToken(SOUND);
  const arbText = fc.oneof(
    fc.string(),
    fc.jsonValue().map(encoded),
    fc.constantFrom('{"__proto__":{"url":"x"}}', '[]', 'null', '', '{').map(encoded),
    fc.nat({ max: sound.length - 1 }).map(length => sound.slice(0, length)),
    fc.constant(`cnpy_join_${'A'.repeat(5000)}`),
  );
  fc.assert(
    fc.property(arbText, text => {
      assert.throws(
        () => parseJoinToken(text),
        (error: unknown) => error instanceof CanopyError && error.code === 'bad-join-token',
      );
    }),
  );
  assert.equal(({} as { url?: unknown }).url, undefined);
});

test('fields of a later version are passed over', () => {
  assert.deepEqual(parseJoinToken(encoded({ ...SOUND, later: 1 })), SOUND);
});
