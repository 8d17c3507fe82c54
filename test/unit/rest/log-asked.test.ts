import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanopyError } from '../../../src/core/errors.js';
import { logAsked } from '../../../src/rest/log-asked.js';

const NOW = 1_790_000_000_000;
const asked = (query: string, headers = {}) =>
  logAsked(parsed(query), headers as Record<string, string>, NOW);

/** As fastify does: what is given twice is an array. */
function parsed(query: string): Record<string, unknown> {
  const given = new URLSearchParams(query);
  return Object.fromEntries(
    [...new Set(given.keys())].map(name => {
      const all = given.getAll(name);
      return [name, all.length > 1 ? all : all[0]];
    }),
  );
}

const good: readonly [query: string, wanted: object][] = [
  ['', {}],
  ['tail=10', { tail: 10 }],
  ['after=0&stream=stderr', { after: 0, stream: 'stderr' }],
  ['since=10m', { since: NOW - 600_000 }],
  ['since=1790000000000&until=2026-11-25T17:00:00Z', { since: NOW, until: Date.UTC(2026, 10, 25, 17) }],
  ['grep=404', { grep: { pattern: '404', fixed: false } }],
  ['grep=(&fixed', { grep: { pattern: '(', fixed: true } }],
  ['grep=a&fixed=false', { grep: { pattern: 'a', fixed: false } }],
  ['follow', { follow: true }],
  ['follow=true&tail=0', { follow: true, tail: 0 }],
  ['follow=false', {}],
];
for (const [query, wanted] of good)
  test(`taken: ${query}`, () => assert.deepEqual(asked(query).query, wanted));

const bad: readonly [query: string, says: RegExp, headers?: object][] = [
  ['tail=-1', /^tail: expected a whole number from 0 to \d+, found -1$/],
  ['tail=x', /^tail: expected a whole number .*found "x"/],
  ['tail=', /^tail: .*found ""/],
  ['tail=1.5', /^tail: .*found "1.5"/],
  ['tail=1e3', /^tail: .*found "1e3"/],
  ['tail=1&tail=2', /^tail: .*found \["1","2"\]/],
  ['tail=99999999999999999', /^tail: /],
  ['tail=999999999999999999999', /^tail: /],
  ['after=-5', /^after: .*found -5/],
  ['since=yesterday', /^since: expected ms since the epoch, an ISO 8601 time .* found "yesterday"/],
  ['since=2026-13-45', /^since: /],
  ['since=2026-11-26&until=2026-11-25', /^since: expected a time before until/],
  ['stream=stdin', /^stream: expected one of stdout, stderr, found "stdin"/],
  ['grep=(', /^grep: expected a regular expression, found "\("/],
  ['grep=', /^grep: expected 1 to 1000 characters/],
  ['fixed', /^fixed: expected together with grep/],
  ['follow=maybe', /^follow: expected true or false, found "maybe"/],
  ['self=1', /^self: expected true or false/],
  ['wait=5', /^wait: expected true or false/],
  ['lines=5', /^"logs" takes tail, after, .*found "lines"/],
  ['follow&until=10m', /^until: expected without follow/],
  ['follow', /^last-event-id: expected a whole number .*found "abc"/, { 'last-event-id': 'abc' }],
  ['follow', /^last-event-id: .*found -1/, { 'last-event-id': '-1' }],
];
for (const [query, says, headers] of bad) {
  test(`refused: ${query} ${JSON.stringify(headers ?? '')}`, () =>
    assert.throws(
      () => asked(query, headers),
      (error: CanopyError) => error.code === 'bad-argument' && says.test(error.message),
    ));
}

test('a client that comes again goes on after its last event, whatever it asked for at first', () => {
  const again = (query: string) => asked(query, { 'last-event-id': '41' }).query;
  assert.deepEqual(again('follow&tail=5&since=10m&stream=stdout'), {
    follow: true,
    stream: 'stdout',
    after: 41,
  });
  assert.deepEqual(again('follow&after=3'), { follow: true, after: 41 });
  assert.deepEqual(again('tail=5'), { tail: 5 });
  assert.equal(asked('follow', { 'last-event-id': '41' }).wait, true, 'and is not turned away meanwhile');
  assert.equal(asked('follow').wait, false);
  assert.deepEqual(asked('follow&tail=5', { 'last-event-id': '' }).query, { follow: true, tail: 5 });
});

test('the form of the answer is that which is asked for', () => {
  const rows: [query: string, headers: object, format: string, gzip: boolean][] = [
    ['', {}, 'ndjson', false],
    ['', { accept: 'text/plain', 'accept-encoding': 'gzip, br' }, 'text', true],
    ['', { accept: 'text/event-stream' }, 'ndjson', false],
    ['', { accept: 'image/png' }, 'ndjson', false],
    ['', { 'accept-encoding': 'gzip;q=0' }, 'ndjson', false],
    ['follow', { accept: '*/*', 'accept-encoding': 'gzip' }, 'sse', false],
    ['follow', { accept: 'text/plain' }, 'text', false],
    ['follow', { accept: 'application/x-ndjson' }, 'ndjson', false],
  ];
  for (const [query, headers, format, gzip] of rows) {
    const { format: found, gzip: packed } = asked(query, headers);
    assert.deepEqual([found, packed], [format, gzip], JSON.stringify([query, headers]));
  }
});
