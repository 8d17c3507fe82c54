import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CHANNELS, type Channel } from '../../../src/core/names.js';
import { decode, encode, excerpt, MalformedPayload, parseJson } from '../../../src/protocol/codec.js';
import { decodeCommand } from '../../../src/protocol/commands.js';
import { arbHostile, bytes, SAMPLES } from './support.js';

const every = (check: (channel: Channel) => void): void => CHANNELS.forEach(check);
/** True where it decodes; anything thrown but a MalformedPayload of readable length fails the test. */
function passes(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof MalformedPayload)) throw error;
    assert.equal(error.code, 'bad-payload');
    assert.ok(error.message.length <= 400, `${error.message.length} characters`);
    return false;
  }
}

test('what is encoded decodes to the same, and unknown fields pass', () => {
  every(channel => {
    assert.deepEqual(decode(channel, encode(channel, SAMPLES[channel] as never)), SAMPLES[channel]);
    const grown = { ...SAMPLES[channel], later: { any: ['thing'] } };
    assert.deepEqual(decode(channel, bytes(grown)), grown);
  });
});

test('the heartbeat that was written last is checked as any other, and read from its own bytes only', () => {
  const beat = { ...SAMPLES.hb, seq: 7 };
  const payload = encode('hb', beat);
  const other = bytes({ ...beat, seq: 8 });
  assert.deepEqual([decode('hb', payload).seq, decode('hb', other).seq], [7, 8]);
  assert.deepEqual(decode('hb', Buffer.from(payload)), beat);
  encode('hb', { ...beat, seq: 9 });
  assert.deepEqual(decode('hb', payload), beat);
  assert.throws(() => decode('hb', encode('hb', { ...beat, cpu: Number.NaN })), MalformedPayload);
});

const many = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']));

test('a message says what was found instead', () => {
  assert.ok(decode('state', bytes({ ...SAMPLES.state, labels: many(16) })));
  const cases: [Channel, string, RegExp][] = [
    ['hb', 'not json', /expected UTF-8 JSON, found "not json"/],
    ['hb', '', /expected UTF-8 JSON, found ""/],
    ['hb', 'null', /^hb payload: expected a JSON object, found null/],
    ['hb', '[]', /^hb payload: /],
    ['hb', '{"v":2}', /^hb payload: /],
    ['state', JSON.stringify({ ...SAMPLES.state, link: 'up' }), /^state payload: \/link .*online/],
    ['state', JSON.stringify({ ...SAMPLES.state, epoch: -1 }), /^state payload: \/epoch/],
    ['state', JSON.stringify({ ...SAMPLES.state, pid: 1.5 }), /^state payload: \/pid .*, found 1\.5$/],
    [
      'cmd',
      JSON.stringify({ ...SAMPLES.cmd, pick: -1 }),
      /^cmd payload: \/pick .*\(all\) or must be >= .*, found -1$/,
    ],
    [
      'cmd',
      JSON.stringify({ ...SAMPLES.cmd, args: [] }),
      /^cmd payload: \/args must be object \(object\), found an array$/,
    ],
    ['state', JSON.stringify({ ...SAMPLES.state, labels: many(17) }), /^state payload: \/labels/],
    ['state', JSON.stringify({ ...SAMPLES.state, labels: { [`k${'x'.repeat(63)}`]: 'v' } }), /\/labels/],
    ['evt', JSON.stringify({ ...SAMPLES.evt, path: 'x'.repeat(513) }), /^evt payload: \/path/],
    ['hb', JSON.stringify({ ...SAMPLES.hb, interval: 0 }), /^hb payload: \/interval/],
    ['cmd', '{"v":1}', /^cmd payload: .*op/],
    ['res', JSON.stringify({ ...SAMPLES.res, status: 'done' }), /^res payload: \/status/],
  ];
  for (const [channel, text, message] of cases)
    assert.throws(
      () => decode(channel, Buffer.from(text)),
      (error: Error) => {
        assert.ok(error instanceof MalformedPayload);
        assert.match(error.message, message, text);
        return true;
      },
    );
});

describe('garbage', () => {
  test('any bytes are MalformedPayload or decode', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), payload => {
        every(channel => passes(() => decode(channel, payload)));
        passes(() => decodeCommand(payload));
      }),
    );
  });

  test('any JSON, and a sound payload with any field put wrong', () => {
    fc.assert(
      fc.property(arbHostile, value => {
        every(channel => passes(() => decode(channel, bytes(value))));
        passes(() => decodeCommand(bytes(value)));
      }),
      { numRuns: 2000 },
    );
  });

  test('prototypes stay as they are', () => {
    for (const key of ['__proto__', 'constructor', 'prototype', 'toString']) {
      const text = JSON.stringify({ v: 1, op: 'ping', args: {} }).replace(
        '"args":{}',
        `"args":{"${key}":{"polluted":1}},"${key}":{"v":9}`,
      );
      const command = decodeCommand(Buffer.from(text));
      assert.deepEqual(Object.keys(command.args ?? {}), [key]);
      assert.equal(command.op, 'ping');
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
    }
    assert.equal(
      passes(() =>
        decode('state', Buffer.from('{"__proto__":{"v":1,"epoch":1,"ts":1,"kind":"leaf","link":"online"}}')),
      ),
      false,
    );
  });

  test('depth and size are harmless', () => {
    const deep = (open: string, close: string) => `${open.repeat(40_000)}${close.repeat(40_000)}`;
    for (const text of [
      deep('[', ']'),
      `{"v":1,"args":${deep('[', ']')},"op":"x"}`,
      `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`,
    ]) {
      every(channel => passes(() => decode(channel, Buffer.from(text))));
      passes(() => decodeCommand(Buffer.from(text)));
    }
    for (const huge of ['1e308', '1e400', '-1e400', '9007199254740993', '0.1e-400'])
      every(channel =>
        passes(() => decode(channel, Buffer.from(`{"v":1,"epoch":${huge},"seq":${huge},"ts":${huge}}`))),
      );
    const long = 'x'.repeat(250_000);
    for (const value of [long, { v: 1, op: long }, { v: 1, op: 'x', select: { [long]: 1 } }]) {
      every(channel => passes(() => decode(channel, bytes(value))));
      passes(() => decodeCommand(bytes(value)));
    }
  });
});

test('an excerpt is short and printable', () => {
  assert.equal(excerpt(Buffer.from('a\n\0é"')), '"a....\\""');
  assert.equal(excerpt(Buffer.alloc(1000, 'x')), `"${'x'.repeat(60)}"… (1000 bytes)`);
  assert.throws(() => parseJson(Buffer.from([0x22, 0xff, 0x22])), MalformedPayload);
});
