import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pieces } from '../../../src/streams/chunks.js';
import { Fitting, isLocal } from '../../../src/streams/filter.js';
import { arbLog, asRead, itemOf, read } from './arbitrary.js';

test('lines that fit, and no others', () => {
  const arbQuery = fc.record(
    {
      stream: fc.constantFrom('stdout' as const, 'stderr' as const),
      grep: fc.constantFrom('a', 'e', '1', ' ', 'ü').map(pattern => ({ pattern, fixed: true })),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(arbLog(), arbQuery, (lines, query) => {
      const fits = lines.filter(
        ({ stream, bytes }) =>
          (query.stream === undefined || stream === query.stream) &&
          (query.grep === undefined || bytes.includes(query.grep.pattern)),
      );
      const found = new Fitting(query).take(itemOf(lines));
      assert.deepEqual(read(found), asRead(fits));
    }),
  );
});

test('a line in pieces of whatever size fits as a whole, wherever in it the text is', () => {
  const arbGrep = fc.string({ minLength: 1, maxLength: 5 }).map(pattern => ({ pattern, fixed: true }));
  fc.assert(
    fc.property(arbLog(), arbGrep, fc.nat(30), fc.integer({ min: 1, max: 9 }), (lines, made, nth, most) => {
      // Mostly a text that is there.
      const text = lines[nth]?.bytes.toString('latin1').trimEnd().slice(-made.pattern.length) ?? '';
      const pattern = text === '' || /[^ -~]/.test(text) ? made.pattern : text;
      const fits = lines.filter(({ bytes }) => bytes.includes(pattern));
      const fitting = new Fitting({ grep: { pattern, fixed: true } });
      const found = pieces(itemOf(lines), most).flatMap(item => fitting.take(item));
      assert.deepEqual(read(found), asRead(fits));
      assert.equal(fitting.holdsBack, false);
    }),
  );
});

test('while it is not known whether a line fits, its pieces are held back', () => {
  const fitting = new Fitting({ grep: { pattern: 'needle', fixed: true } });
  const line = itemOf([{ seq: 1, ts: 50, stream: 'stdout', bytes: Buffer.from('xxneedlexx\n') }]);
  const [first, second, third, ...none] = pieces(line, 5);
  assert.deepEqual(none, []);
  assert.ok(first && second && third);
  assert.deepEqual([fitting.take(first), fitting.holdsBack], [[], true]);
  const found = fitting.take(second);
  assert.equal(fitting.holdsBack, false);
  assert.deepEqual(read([...found, ...fitting.take(third)]), [{ seq: 1, bytes: 'xxneedlexx\n' }]);
  fitting.take(first);
  fitting.reset();
  assert.deepEqual(fitting.take(second), [], 'what was begun before a gap is of no use');
});

test('times are those of the runs, both ends included', () => {
  const item = itemOf([{ seq: 1, ts: 50, stream: 'stdout', bytes: Buffer.from('x\n') }]);
  const CASES: [object, boolean][] = [
    [{ since: 50, until: 50 }, true],
    [{ since: 51 }, false],
    [{ until: 49 }, false],
    [{}, true],
  ];
  for (const [query, isIn] of CASES)
    assert.equal(new Fitting(query).take(item).length > 0, isIn, JSON.stringify(query));
});

test('a regular expression is not tried in the middle of others', () => {
  assert.ok(isLocal({}) && isLocal({ grep: { pattern: '(a+)+$', fixed: true } }));
  assert.ok(!isLocal({ grep: { pattern: 'a', fixed: false } }));
});
