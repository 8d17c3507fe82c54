import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryOf } from '../../../src/history/entries.js';

const any = { id: 1, at: 1, path: 'web', app: null };
const incident = { path: 'web', openedAt: 1, closedAt: null };
const GOOD: object[] = [
  { ...any, type: 'state', status: 'up', facts: null, labels: {} },
  { ...any, type: 'state', status: null, facts: { link: 'online' }, labels: {} },
  { ...any, type: 'evt', source: 'web', event: { event: 'phase' } },
  { ...any, type: 'incident', incident },
  { ...any, type: 'maintenance', on: true, since: 1, until: null, by: 'ops' },
  { ...any, type: 'observer', since: 1, reason: 'so' },
];
/** Each lacks what whoever reads it relies on. */
const BAD: unknown[] = [
  null,
  7,
  [],
  {},
  { ...GOOD[2], id: '1' },
  { ...GOOD[2], at: 1.5 },
  { ...GOOD[2], path: null },
  { ...GOOD[2], app: 7 },
  { ...GOOD[2], type: 'other' },
  { ...GOOD[2], source: undefined },
  { ...GOOD[2], event: null },
  { ...GOOD[2], event: {} },
  { ...GOOD[0], status: 7 },
  { ...GOOD[0], facts: 'none' },
  { ...GOOD[0], labels: undefined },
  { ...any, type: 'incident' },
  { ...any, type: 'incident', incident: { ...incident, openedAt: '1' } },
  { ...any, type: 'incident', incident: { ...incident, path: undefined } },
  { ...GOOD[4], on: 'yes' },
  { ...GOOD[4], until: 'never' },
  { ...GOOD[5], since: null },
];

test('an entry is taken for one only where it has what is read of it', () => {
  for (const each of GOOD) assert.deepEqual(entryOf(JSON.stringify(each)), each);
  for (const each of BAD) assert.equal(entryOf(JSON.stringify(each)), null, JSON.stringify(each));
  assert.equal(entryOf('{"id":'), null);
});
