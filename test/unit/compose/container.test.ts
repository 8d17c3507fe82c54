import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeContainer, token } from '../../../src/compose/container.js';
import { CLOCK } from '../../../src/compose/tokens.js';
import { systemClock } from '../../../src/core/clock.js';
import { TestClock } from '../node/support.js';

const NUMBER = token<number>('number');
const PAIR = token<{ readonly n: number }>('pair');
const NOTHING = token<string | null>('nothing');

test('what is provided is made when first asked for, once', () => {
  let made = 0;
  const node = new NodeContainer().provide(PAIR, from => ({ n: from.get(NUMBER) + ++made }));
  assert.equal(made, 0);
  node.set(NUMBER, 7);
  assert.equal(node.get(PAIR), node.get(PAIR));
  assert.deepEqual([node.get(PAIR).n, made], [8, 1]);
});

test('an override set before wins, and a test can swap the clock', () => {
  const clock = new TestClock();
  const node = new NodeContainer().set(CLOCK, clock).provide(CLOCK, () => systemClock);
  assert.equal(node.get(CLOCK), clock);
  assert.equal(new NodeContainer().provide(CLOCK, () => systemClock).get(CLOCK), systemClock);
});

test('a null is a value', () => {
  const node = new NodeContainer().set(NOTHING, null).provide(NOTHING, () => 'something');
  assert.equal(node.get(NOTHING), null);
});

test('two nodes of one process share nothing', () => {
  const [one, other] = [1, 2].map(n =>
    new NodeContainer().set(NUMBER, n).provide(PAIR, from => ({ n: from.get(NUMBER) })),
  );
  assert.deepEqual([one?.get(PAIR).n, other?.get(PAIR).n], [1, 2]);
  assert.equal(new NodeContainer().has(NUMBER), false);
});

test('two tokens of one name are two, and what was never set is an error that names it', () => {
  const node = new NodeContainer().set(token<number>('same'), 1);
  assert.equal(node.has(token<number>('same')), false);
  assert.throws(() => node.get(token<number>('missing')), /missing/);
});
