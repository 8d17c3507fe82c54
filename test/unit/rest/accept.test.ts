import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preferred } from '../../../src/rest/accept.js';

const TYPES = ['application/x-ndjson', 'text/plain'] as const;
const rows: [header: string | undefined, wanted: string | null][] = [
  [undefined, 'application/x-ndjson'],
  ['', 'application/x-ndjson'],
  ['*/*', 'application/x-ndjson'],
  ['text/plain', 'text/plain'],
  ['Text/Plain; charset=utf-8', 'text/plain'],
  ['text/*', 'text/plain'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'application/x-ndjson'],
  ['text/plain;q=0.5, application/x-ndjson', 'application/x-ndjson'],
  ['text/plain, */*;q=0.1', 'text/plain'],
  ['*/*, application/x-ndjson;q=0', 'text/plain'],
  ['image/png', null],
  ['text/plain;q=x', null],
  [',,;', null],
];
for (const [header, wanted] of rows)
  test(`Accept: ${header}`, () => assert.equal(preferred(header, TYPES), wanted));

const encodings: [header: string, wanted: string | null][] = [
  ['gzip, deflate, br', 'gzip'],
  ['br', null],
  ['gzip;q=0', null],
  ['*', 'gzip'],
  ['identity', null],
];
for (const [header, wanted] of encodings)
  test(`Accept-Encoding: ${header}`, () => assert.equal(preferred(header, ['gzip']), wanted));
