import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MalformedPayload } from '../../../src/protocol/codec.js';
import { decodeAsk, decodeFlow, encodeAsk, encodeFlow, splitHopTopic } from '../../../src/protocol/flows.js';

test('bytes go through as they are, newlines and all', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), array => {
      const bytes = Buffer.from(array);
      const run = { seq: 1, lines: 1, ts: 2, stream: 'stdout', bytes: bytes.length } as const;
      const { head, bytes: back } = decodeFlow(
        Buffer.concat(encodeFlow({ flow: 'f', n: 0, runs: [run] }, [bytes])),
      );
      assert.deepEqual(head, { v: 1, flow: 'f', n: 0, runs: [run] });
      assert.deepEqual(Buffer.from(back), bytes);
    }),
  );
});

test('what is asked comes as it was asked', () => {
  const ask = {
    flow: 'f',
    path: 'a/b',
    query: { after: 3, grep: { pattern: 'x', fixed: true }, follow: true },
    limit: 9,
    open: true,
  };
  assert.deepEqual(decodeAsk(encodeAsk(ask)), { v: 1, ...ask });
});

describe('refused', () => {
  const ASKS = [
    '',
    '{}',
    '[]',
    '{"v":2}',
    '{"v":1,"limit":-1}',
    '{"v":1,"flow":""}',
    '{"v":1,"query":{"tail":-1}}',
  ];
  for (const text of ASKS)
    test(`ask ${text}`, () => assert.throws(() => decodeAsk(Buffer.from(text)), MalformedPayload));

  const run = '{"seq":1,"lines":1,"ts":1,"stream":"stdout","bytes":3}';
  const FLOWS = [
    '',
    'x\n',
    '{"v":1}\nextra',
    `{"v":1,"runs":[${run}]}\nab`,
    `{"v":1,"runs":[${run}]}\nabcd`,
    '{"v":1,"runs":[{}]}\n',
  ];
  for (const text of FLOWS)
    test(`flow ${JSON.stringify(text)}`, () =>
      assert.throws(() => decodeFlow(Buffer.from(text)), MalformedPayload));

  test('whatever comes, nothing else is thrown', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(text => Buffer.from(text)),
        ),
        bytes => {
          for (const decode of [decodeAsk, decodeFlow])
            try {
              decode(Buffer.from(bytes));
            } catch (error) {
              assert.ok(error instanceof MalformedPayload);
            }
        },
      ),
    );
  });
});

test('topics between neighbours, and no others', () => {
  const CASES: [string, object | null][] = [
    ['canopy/web/_flow', { path: 'web', channel: '_flow' }],
    ['canopy/a/b/_log', { path: 'a/b', channel: '_log' }],
    ['canopy/_log', null],
    ['other/web/_log', null],
    ['canopy/web/log', null],
    ['canopy/web/_other', null],
  ];
  for (const [topic, place] of CASES) assert.deepEqual(splitHopTopic(topic), place, topic);
});
