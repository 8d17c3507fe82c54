import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MalformedPayload } from '../../../src/protocol/codec.js';
import {
  asCommand,
  commandToWords,
  decodeCommand,
  LEAF_OPS,
  NODE_OPS,
} from '../../../src/protocol/commands.js';

const read = (text: string) => decodeCommand(Buffer.from(text));
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('plain words', () => {
  const WORDS: [string, object][] = [
    ['restart', { op: 'restart' }],
    ['  restart \n', { op: 'restart' }],
    ['signal HUP', { op: 'signal', args: { signal: 'HUP' } }],
    ['signal signal=HUP', { op: 'signal', args: { signal: 'HUP' } }],
    ['signal 1', { op: 'signal', args: { signal: '1' } }],
    ['restart all', { op: 'restart', select: { all: true } }],
    ['restart app=web', { op: 'restart', select: { app: 'web' } }],
    ['stop path=dc1', { op: 'stop', select: { path: 'dc1' } }],
    ['start label=k=v', { op: 'start', select: { label: 'k=v' } }],
    ['signal HUP app=web pick=2', { op: 'signal', args: { signal: 'HUP' }, select: { app: 'web' }, pick: 2 }],
    [
      'restart app=web pick=all strategy=spread',
      { op: 'restart', select: { app: 'web' }, pick: 'all', strategy: 'spread' },
    ],
    ['scale app=web count=3', { op: 'scale', args: { count: 3 }, select: { app: 'web' } }],
    ['forget path=rack1', { op: 'forget', args: { path: 'rack1' } }],
    ['ping id=c1 by=ops', { op: 'ping', id: 'c1', by: 'ops' }],
    ['logs tail=10 follow=true grep=a=b', { op: 'logs', args: { tail: 10, follow: true, grep: 'a=b' } }],
  ];
  for (const [text, wanted] of WORDS) {
    test(JSON.stringify(text), () => {
      const { id, ...command } = read(text);
      const { id: wantedId, ...rest } = { v: 1, id: undefined, ...wanted };
      assert.deepEqual(command, rest);
      if (wantedId) assert.equal(id, wantedId);
      else assert.match(id, UUID);
    });
  }

  const REFUSED = [
    '',
    ' ',
    'Restart',
    '42',
    '"restart"',
    '[1]',
    'restart web',
    'restart =x',
    'restart -f',
    'signal HUP TERM',
    'restart pick=-1',
    'stop label=env=test label=zone=a',
    'scale app=web count=1 count=2',
    'restart max-unavailable=1 maxUnavailable=2',
    'restart pick=some',
    'ping id=',
    '\0',
  ];
  for (const text of REFUSED) {
    test(`refused: ${JSON.stringify(text)}`, () => assert.throws(() => read(text), MalformedPayload));
  }

  test('no word is lost: an argument of any key arrives', () => {
    for (const key of ['__proto__', 'constructor', 'toString'])
      assert.deepEqual(Object.keys(read(`restart ${key}=x`).args ?? {}), [key]);
  });
});

describe('JSON', () => {
  test('fields arrive as they are; white space around it is part of JSON', () => {
    const sent = { v: 1, id: 'c1', op: 'restart', args: {}, expiresAt: 5, by: 'ops' };
    for (const text of [JSON.stringify(sent), `\n ${JSON.stringify(sent, null, 2)}\n`])
      assert.deepEqual(read(text), sent);
  });

  test('without an id one is made, each time another', () => {
    const ids = new Set(Array.from({ length: 100 }, () => read('{"v":1,"op":"ping"}').id));
    assert.equal(ids.size, 100);
  });

  const REFUSED = [
    '{}',
    '{"v":2,"op":"ping"}',
    '{"op":""}',
    '{"op":5}',
    '{"op":"ping","id":""}',
    `{"op":"ping","id":"${'x'.repeat(129)}"}`,
    '{"op":"ping","id":"."}',
    '{"op":"ping","id":".."}',
    '{"op":"ping","id":"\\ud800"}',
    '{"op":"ping","args":[]}',
    '{"op":"ping","select":{"al":true}}',
    '{"op":"ping","expiresAt":"tomorrow"}',
    '{"op":"ping"',
  ];
  for (const text of REFUSED) {
    test(`refused: ${text.slice(0, 50)}`, () => assert.throws(() => read(text), MalformedPayload));
  }

  test('the version may be left out, a wrong one may not', () => {
    assert.equal(asCommand({ op: 'ping' }).v, 1);
    for (const value of [null, 'ping', [], { op: 'ping', v: 0 }])
      assert.throws(() => asCommand(value), MalformedPayload);
  });
});

test('every text is a command or MalformedPayload', () => {
  const arbWord = fc.oneof(
    fc.constantFrom('restart', 'all', 'app=web', 'id=', '=', '{', 'signal'),
    fc.string(),
  );
  fc.assert(
    fc.property(
      fc.array(arbWord).map(words => words.join(' ')),
      text => {
        try {
          assert.ok(read(text).op.length > 0);
        } catch (error) {
          assert.ok(error instanceof MalformedPayload, String(error));
        }
      },
    ),
  );
});

describe('printed as words', () => {
  const TABLE: [object, string | null][] = [
    [{ op: 'restart' }, 'restart'],
    [{ op: 'restart', select: { all: true } }, 'restart all'],
    [{ op: 'signal', args: { signal: 'HUP' }, select: { app: 'web' } }, 'signal HUP app=web'],
    [{ op: 'signal', args: { signal: 9 } }, 'signal signal=9'],
    [{ op: 'signal', args: { signal: '9' } }, 'signal 9'],
    [
      { op: 'restart', args: { maxUnavailable: 1 }, select: { app: 'web' }, by: 'ops' },
      'restart max-unavailable=1 app=web by=ops',
    ],
    [{ op: 'forget', args: { path: 'a/b' } }, 'forget path=a/b'],
    [
      { op: 'scale', select: { app: 'web' }, args: { count: 3, keep: true } },
      'scale app=web count=3 keep=true',
    ],
    [
      { op: 'stop', select: { label: 'k=v' }, pick: 2, strategy: 'spread' },
      'stop label=k=v pick=2 strategy=spread',
    ],
    [{ op: 'ping', args: {} }, null],
    [{ op: 'ping', args: { a: { b: 1 } } }, null],
    [{ op: 'ping', args: { a: null } }, null],
    [{ op: 'ping', args: { a: 'b c' } }, null],
    [{ op: 'ping', args: { a: '1' } }, null],
    [{ op: 'ping', args: { 'a-b': 1 } }, null],
    [{ op: 'ping', args: { id: 'x' } }, null],
    [{ op: 'ping', args: { a: '\ud800' } }, null],
    [{ op: 'ping', by: '' }, 'ping by='],
    [{ op: 'ping', expiresAt: 5 }, null],
    [{ op: 'Ping' }, null],
  ];
  for (const [command, wanted] of TABLE) {
    test(JSON.stringify(command), () => {
      assert.equal(commandToWords({ v: 1, ...command } as never), wanted);
      const whole = asCommand({ ...command, id: 'x1' });
      const text = commandToWords(whole);
      assert.equal(text === null, wanted === null, String(text));
      if (text !== null) assert.deepEqual(read(text), whole);
    });
  }

  const arbKey = fc.constantFrom(
    'app',
    'path',
    'label',
    'pick',
    'strategy',
    'by',
    'count',
    'max-unavailable',
    'x-',
    '__proto__',
  );
  const arbValue = fc.oneof(
    fc.constantFrom('', 'true', '1', '-0.5', '1e21', 'k=v', '9007199254740993'),
    fc.string({ unit: 'grapheme' }),
    fc.integer().map(String),
  );
  const arbWord = fc.oneof(
    fc.tuple(arbKey, arbValue).map(([key, value]) => `${key}=${value}`),
    fc.constantFrom('all', 'HUP', 'id=c1'),
  );
  const arbOp = fc.constantFrom(...LEAF_OPS, ...NODE_OPS, 'some-op');

  test('what was read from words prints to words that mean the same', () => {
    fc.assert(
      fc.property(arbOp, fc.array(arbWord, { maxLength: 6 }), (op, words) => {
        const command = attempt(() => read([op, ...words].join(' ')));
        fc.pre(command !== null);
        const text = commandToWords(command);
        assert.ok(text !== null, JSON.stringify(command));
        assert.deepEqual(read(text), command);
      }),
    );
  });

  test('what prints parses back, whatever the command; what does not print is never half right', () => {
    const arbScalar = fc.oneof(
      arbValue,
      fc.string(),
      fc.boolean(),
      fc.double(),
      fc.constant(null),
      fc.object(),
    );
    const arbFields = fc.dictionary(fc.oneof(arbKey, fc.string({ minLength: 1 })), arbScalar, { maxKeys: 4 });
    const arbCommand = fc.record(
      {
        op: fc.oneof(arbOp, fc.string({ minLength: 1, maxLength: 64 })),
        id: fc.string({ minLength: 1, maxLength: 20 }),
        args: arbFields,
        select: fc.record(
          { all: fc.constant(true), app: arbValue, path: arbValue, label: arbValue },
          { requiredKeys: [] },
        ),
        pick: fc.oneof(fc.constant('all'), fc.nat()),
        strategy: arbValue,
        by: arbValue,
        expiresAt: fc.nat(),
      },
      { requiredKeys: ['op'] },
    );
    let printed = 0;
    fc.assert(
      fc.property(arbCommand, fields => {
        const command = attempt(() => asCommand(JSON.parse(JSON.stringify(fields))));
        fc.pre(command !== null);
        const text = commandToWords(command);
        if (text === null) return;
        printed += 1;
        assert.deepEqual(read(text), command);
      }),
      { numRuns: 5000 },
    );
    assert.ok(printed > 10, `${printed} of 5000 had a text form`);
  });
});

function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    assert.ok(error instanceof MalformedPayload);
    return null;
  }
}
