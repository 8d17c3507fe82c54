import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitting, isLocal } from '../../../src/streams/filter.js';
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
      const found = fitting(itemOf(lines), query);
      assert.deepEqual(found ? read([found]) : [], asRead(fits));
    }),
  );
});

test('times are those of the runs, both ends included', () => {
  const item = itemOf([{ seq: 1, ts: 50, stream: 'stdout', bytes: Buffer.from('x\n') }]);
  const CASES: [object, boolean][] = [
    [{ since: 50, until: 50 }, true],
    [{ since: 51 }, false],
    [{ until: 49 }, false],
    [{}, true],
  ];
  for (const [query, isIn] of CASES) assert.equal(fitting(item, query) !== null, isIn, JSON.stringify(query));
});

test('a regular expression is not tried in the middle of others', () => {
  assert.ok(isLocal({}) && isLocal({ grep: { pattern: '(a+)+$', fixed: true } }));
  assert.ok(!isLocal({ grep: { pattern: 'a', fixed: false } }));
});
