/** The judges of the tests with cut lines: each must find what it is there to find. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breaches, type Fault, type Look } from '../../support/net/model.js';
import { commandBreaches, eventBreaches, type Outcome } from '../../support/net/record.js';

const PARENTS = { r1: 'root', a1: 'r1' };
const HEALED = 10_000;
const BOUND = 5000;
const judged = (faults: readonly Fault[], looks: readonly Look[]): string[] =>
  breaches({ parents: PARENTS, faults, boundMs: BOUND, healedMs: HEALED }, looks);
const fault = (what: Fault['what'], name: string, from: number, to: number, partly = false): Fault => ({
  what,
  name,
  from,
  to,
  partly,
});
const look = (observer: string, at: number, path: string, status: string): Look => ({
  observer,
  at,
  seen: { '': 'up', [path]: status },
});

test('up is false where nothing can have come through within the bound, on any hop of the way', () => {
  const cut = fault('line', 'r1', 1000, 9000);
  const table: [Look, number][] = [
    [look('root', 5999, 'r1', 'up'), 0],
    [look('root', 6000, 'r1', 'up'), 1],
    [look('root', 6001, 'r1/a1', 'up'), 1],
    [look('root', 6001, 'r1/a1', 'unreachable'), 0],
    [look('r1', 6001, 'a1', 'up'), 0],
    [look('root', 9001, 'r1', 'up'), 0],
  ];
  for (const [seen, count] of table) assert.equal(judged([cut], [seen]).length, count, JSON.stringify(seen));
  const chain = [fault('line', 'r1', 1000, 4000), fault('node', 'a1', 3500, 9000)];
  assert.equal(
    judged(chain, [look('root', 6500, 'r1/a1', 'up')]).length,
    1,
    'one after the other, with no gap',
  );
  assert.equal(judged([{ ...cut, partly: true }], [look('root', 8000, 'r1', 'up')]).length, 0);
});

test('down is false of what was at most hidden', () => {
  const cut = fault('line', 'r1', 1000, 9000);
  const table: [Look, number][] = [
    [look('root', 5000, 'r1', 'down'), 0],
    [look('root', 5000, 'r1/a1', 'down'), 1],
    [look('r1', 5000, 'a1', 'down'), 1],
    [look('root', 9000 + HEALED, 'r1', 'down'), 0],
    [look('root', 9001 + HEALED, 'r1', 'down'), 1],
  ];
  for (const [seen, count] of table) assert.equal(judged([cut], [seen]).length, count, JSON.stringify(seen));
});

test('events that are lost, twice or out of order', () => {
  const told = (...seqs: number[]) =>
    eventBreaches(seqs.map(seq => ({ source: 'r1', epoch: 1, seq, event: 'link' })));
  assert.deepEqual(told(1, 2, 3), []);
  for (const wrong of [[2], [1, 3], [1, 1], [1, 3, 2]])
    assert.notEqual(told(...wrong).length, 0, String(wrong));
  const two = [1, 2].map(epoch => ({ source: 'r1', epoch, seq: 1, event: 'link' }));
  assert.deepEqual(eventBreaches(two), [], 'each start of a node counts anew');
});

test('commands that were lost, or done twice', () => {
  const found = (effects: number, ...outcomes: Outcome[]) =>
    commandBreaches(new Map([['a1', outcomes]]), new Map([['a1', effects]])).length;
  assert.equal(found(2, 'done', 'unknown', 'not'), 0);
  assert.equal(found(1, 'done', 'unknown', 'not'), 0);
  assert.equal(found(0, 'done', 'unknown', 'not'), 1, 'lost');
  assert.equal(found(3, 'done', 'unknown', 'not'), 1, 'twice');
});
