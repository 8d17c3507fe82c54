import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanopyError } from '../../../src/core/errors.js';
import { logQuery } from '../../../src/core/log-query.js';

const NOW = 1_790_000_000_000;

const good: readonly [object, object][] = [
  [{}, {}],
  [{ tail: 0 }, { tail: 0 }],
  [
    { tail: 100, stream: 'stderr' },
    { tail: 100, stream: 'stderr' },
  ],
  [{ after: 1041 }, { after: 1041 }],
  [{ since: '10m' }, { since: NOW - 600_000 }],
  [
    { since: '90s', until: '500ms' },
    { since: NOW - 90_000, until: NOW - 500 },
  ],
  [{ since: '999999999d' }, { since: 0 }],
  [{ since: '1h30m' }, { since: NOW - 5_400_000 }],
  [{ since: '1d2h3m4s5ms' }, { since: NOW - 93_784_005 }],
  [{ since: 0 }, { since: 0 }],
  [{ since: '0' }, { since: 0 }],
  [
    { since: NOW - 1, until: NOW },
    { since: NOW - 1, until: NOW },
  ],
  [{ since: '1790000000000' }, { since: NOW }],
  [{ since: '2026-11-25T17:00:00Z' }, { since: Date.UTC(2026, 10, 25, 17) }],
  [{ since: '2026-11-25T18:00:00+01:00' }, { since: Date.UTC(2026, 10, 25, 17) }],
  [{ grep: 'GET /a+' }, { grep: { pattern: 'GET /a+', fixed: false } }],
  [{ grep: '(', fixed: true }, { grep: { pattern: '(', fixed: true } }],
  [{ grep: 404 }, { grep: { pattern: '404', fixed: false } }],
];

for (const [args, query] of good) {
  test(`taken: ${JSON.stringify(args)}`, () => assert.deepEqual(logQuery(args as never, NOW), query));
}

const bad: readonly [object, RegExp][] = [
  [{ tail: -1 }, /tail: expected a whole number from 0/],
  [{ tail: 1.5 }, /tail/],
  [{ tail: '10' }, /tail/],
  [{ after: -1 }, /after/],
  [{ since: 'yesterday' }, /since: expected ms since the epoch, an ISO 8601 time/],
  [{ since: '2026-13-01' }, /since/],
  [{ since: '10 m' }, /since/],
  [{ since: -5 }, /since/],
  [{ since: 5 }, /since: expected ms since the epoch, .*found 5$/],
  [{ since: '1790000000' }, /since: expected ms since the epoch, .*found "1790000000"/],
  [{ since: '1h30' }, /since/],
  [{ since: '1h 30m' }, /since/],
  [{ until: {} }, /until/],
  [{ since: '1m', until: '2m' }, /since: expected a time before until/],
  [{ stream: 'stdin' }, /stream: expected one of stdout, stderr/],
  [{ grep: '(' }, /grep: expected a regular expression, found "\("/],
  [{ grep: '' }, /grep/],
  [{ grep: 'x'.repeat(1001) }, /grep/],
  [{ fixed: true }, /fixed: expected together with grep/],
  [{ grep: 'x', fixed: 'yes' }, /fixed/],
];

for (const [args, message] of bad) {
  test(`refused: ${JSON.stringify(args).slice(0, 60)}`, () =>
    assert.throws(
      () => logQuery(args as never, NOW),
      (error: unknown) =>
        error instanceof CanopyError && error.code === 'bad-argument' && message.test(error.message),
    ));
}
