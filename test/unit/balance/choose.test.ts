import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Candidate, choose, type Strategy } from '../../../src/balance/choose.js';
import { arbRandom, arbStrategy } from './support.js';

const candidate = (key: string, load: number, more: Partial<Candidate> = {}): Candidate => ({
  key,
  load,
  room: 1,
  count: 0,
  step: 0.05,
  ...more,
});

test('each strategy by an example', () => {
  const three = [candidate('a', 0.5), candidate('b', 0.1), candidate('c', 0.9)];
  const roomy = [
    candidate('a', 0.5, { room: 5, count: 2 }),
    candidate('b', 0.1, { room: 5, count: 1 }),
    candidate('c', 0.9, { room: 2, count: 0 }),
  ];
  const table: [Strategy, Candidate[], number, string[]][] = [
    ['least-loaded', three, 2, ['b', 'a']],
    ['most-loaded', three, 2, ['c', 'a']],
    ['least-loaded', three, 9, ['b', 'a', 'c']],
    ['least-loaded', three, 0, []],
    ['spread', roomy, 4, ['c', 'b', 'c', 'b']],
    ['pack', roomy, 6, ['a', 'a', 'a', 'a', 'a', 'b']],
    // What is chosen makes its place more loaded, so that not all of it goes to one.
    [
      'least-loaded',
      [candidate('a', 0.2, { room: 9 }), candidate('b', 0.22, { room: 9 })],
      4,
      ['a', 'b', 'a', 'b'],
    ],
    [
      'spread',
      [
        candidate('a1', 0, { group: 'a' }),
        candidate('a2', 0, { group: 'a' }),
        candidate('b1', 0.9, { group: 'b' }),
      ],
      2,
      ['a1', 'b1'],
    ],
    [
      'pack',
      [
        candidate('a1', 0, { group: 'a' }),
        candidate('b1', 0, { group: 'b', count: 1 }),
        candidate('b2', 0.9, { group: 'b' }),
      ],
      2,
      ['b1', 'b2'],
    ],
  ];
  for (const [strategy, candidates, count, keys] of table)
    assert.deepEqual(choose(candidates, count, strategy), keys, `${strategy} ${count}`);
});

test('stops level out too: a choice leaves one fewer', () => {
  const full = [candidate('a', 0, { room: 4, count: 4 }), candidate('b', 0, { room: 2, count: 2 })];
  assert.deepEqual(choose(full, 4, 'pack', { change: -1 }), ['a', 'a', 'b', 'a']);
});

test('two random choices: mostly the less loaded, not always the least', () => {
  const many = Array.from({ length: 10 }, (_, index) =>
    candidate(`n${index}`, index / 10, { room: 1000, step: 0 }),
  );
  let state = 1;
  const random = (): number => {
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
  const chosen = choose(many, 1000, 'least-loaded', { sampled: random });
  const of = (key: string): number => chosen.filter(each => each === key).length;
  assert.ok(of('n0') > of('n5') && of('n5') > of('n9'), `${of('n0')} ${of('n5')} ${of('n9')}`);
  assert.ok(of('n0') < 500 && of('n9') === 0);
});

const arbCandidates = fc
  .array(
    fc.record({
      load: fc.double({ min: 0, max: 1, noNaN: true }),
      room: fc.nat(4),
      count: fc.nat(5),
      step: fc.double({ min: 0, max: 0.2, noNaN: true }),
    }),
    { maxLength: 12 },
  )
  .map(list => list.map((each, index) => ({ ...each, key: `n${index}` })));

test('as many as asked for or as there is room; never one more than its room', () => {
  fc.assert(
    fc.property(
      arbCandidates,
      fc.nat(40),
      arbStrategy,
      fc.option(arbRandom),
      (candidates, count, strategy, random) => {
        const chosen = choose(candidates, count, strategy as Strategy, random ? { sampled: random } : {});
        const room = candidates.reduce((sum, each) => sum + each.room, 0);
        assert.equal(chosen.length, Math.min(count, room));
        for (const { key, room: own } of candidates)
          assert.ok(chosen.filter(each => each === key).length <= own, key);
      },
    ),
  );
});
