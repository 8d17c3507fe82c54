import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactFields, redactText } from '../../../src/core/redact.js';

test('what looks like a secret is taken out of a text, and the rest stays', () => {
  const token = `cnpy_0123456789ab_${'A'.repeat(43)}`;
  const rows: [given: string, shown: string][] = [
    [`the token ${token} is wrong`, 'the token cnpy_*** is wrong'],
    [`cnpy_join_${'a1-_'.repeat(50)}.`, 'cnpy_***.'],
    ['env DB_PASSWORD=hunter2 node a.js', 'env DB_PASSWORD=*** node a.js'],
    [`env DB_PASSWORD='hunter 2' node`, 'env DB_PASSWORD=*** node'],
    ['--api-key=abc --port=80', '--api-key=abc --port=80'],
    ['--password=abc --port=80', '--password=*** --port=80'],
    ['?access_token=abc&x=1', '?access_token=***&x=1'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['mqtt://ann:pw@host/x', 'mqtt://***@host/x'],
    ['a@b.example and http://host/a@b', 'a@b.example and http://host/a@b'],
    ['{"secret":"abc","a":"b"}', '{"secret":"***","a":"b"}'],
    ['-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----x', '***x'],
    ['-----BEGIN EC PRIVATE KEY-----\nMIG', '***'],
    ['PATH=/bin KEYBOARD=us tokens: 5', 'PATH=/bin KEYBOARD=us tokens: 5'],
  ];
  for (const [given, shown] of rows) assert.equal(redactText(given), shown);
});

test('fields by their names, however deep, and nothing else', () => {
  const error = new Error('x');
  assert.deepEqual(
    redactFields({
      env: { DB_PASSWORD: 'a', PATH: '/bin' },
      headers: { authorization: 'b', Cookie: 'c' },
      tokens: 5,
      text: 'TOKEN=x',
      error,
    }),
    {
      env: { DB_PASSWORD: '***', PATH: '/bin' },
      headers: { authorization: '***', Cookie: '***' },
      tokens: 5,
      text: 'TOKEN=***',
      error,
    },
  );
});

test('a long line takes no time', () => {
  const before = process.cpuUsage().user;
  for (const text of [
    'a-'.repeat(500_000),
    'passw'.repeat(200_000),
    '"token"'.repeat(100_000),
    '://'.repeat(300_000),
    '-----BEGIN '.repeat(90_000),
  ])
    redactText(text);
  const seconds = (process.cpuUsage().user - before) / 1e6;
  assert.ok(seconds < 5, `${seconds} s of CPU`);
});
