import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StandingOrder } from '../../../src/balance/standing-order.js';
import { inWords } from '../../../src/fleet/order-words.js';

const ORDER: StandingOrder = {
  app: 'web',
  count: 2,
  strategy: 'least-loaded',
  lostAfter: 30,
  surplus: 'original',
  by: 'ops',
  since: 0,
  replacements: [],
};
const before = new Map([['r/d1', 'start by standing order of r (web: 3)']]);
const calm = { isShort: false, waitMs: 0, before };

test('what was done, or why nothing could be', () => {
  const nothing = { started: [], stopped: [] };
  assert.equal(
    inWords(ORDER, { started: ['a'], stopped: ['b', 'c'] }, calm),
    'web: 2 are to run; started a; stopped b, c',
  );
  assert.equal(
    inWords({ ...ORDER, label: 'zone=a' }, nothing, { ...calm, isShort: true }),
    'web zone=a: 2 are to run; no slot is free',
  );
  assert.equal(inWords(ORDER, nothing, calm), 'web: 2 are to run; nothing could be stopped');
});

test('at odds, both sides are told, of a few instances, and when it looks again', () => {
  const rests = { ...calm, waitMs: 10_000 };
  assert.equal(
    inWords(ORDER, { started: [], stopped: ['r/d1'] }, rests),
    'web: 2 are to run; stopped r/d1; another order or hand undoes that again and again (before this, r/d1: start by standing order of r (web: 3)); next look in 10 s',
  );
  const many = Array.from({ length: 50 }, (_, at) => `d${at}`);
  const told = inWords(ORDER, { started: many, stopped: [] }, rests);
  assert.equal(told.match(/nobody said why/g)?.length, 5);
});
