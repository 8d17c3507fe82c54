import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failing } from '../../../src/balance/failing.js';
import type { Instance } from '../../../src/balance/standing-order.js';

const at = (fitness: Instance['fitness'], ready = fitness === 'running'): Instance => ({
  path: 'w',
  fitness,
  ready,
  meant: true,
  uptime: 1,
  sinceMono: 0,
});
const GRACE = 4000;

test('one that crashes again and again is failing all the while, up in between or not', () => {
  const failing = new Failing();
  const seen = [];
  for (let now = 0; now <= 9000; now += 500) {
    const crashed = now % 3500 >= 1500;
    const { fitness, sinceMono } = failing.judge(at(crashed ? 'ailing' : 'running'), now, GRACE);
    seen.push(fitness === 'ailing' ? now - sinceMono : null);
  }
  assert.deepEqual(seen.slice(0, 4), [null, null, null, 0], 'well until it fails');
  assert.equal(seen[7], null, 'up again, and not given up yet');
  assert.ok(
    seen.slice(11).every(ms => ms !== null && ms >= GRACE),
    `given up from then on: ${seen}`,
  );
});

test('it is well again once it has been up for long enough', () => {
  const failing = new Failing();
  failing.judge(at('ailing'), 0, GRACE);
  assert.equal(failing.judge(at('running'), 5000, GRACE).fitness, 'ailing');
  assert.equal(failing.judge(at('running'), 8999, GRACE).fitness, 'ailing');
  assert.equal(failing.judge(at('running'), 9000, GRACE).fitness, 'running');
  assert.equal(failing.judge(at('running'), 9001, GRACE).fitness, 'running');
});

test('one that is only lost is as good as before when it is back', () => {
  const failing = new Failing();
  assert.equal(failing.judge(at('gone'), 0, GRACE).fitness, 'gone');
  assert.equal(failing.judge(at('running'), 60_000, GRACE).fitness, 'running');
});

test('in maintenance it fails for as long, and is not to be touched, up in between or not', () => {
  const failing = new Failing();
  const of = (fitness: Instance['fitness'], now: number) => {
    const judged = failing.judge(at(fitness), now, GRACE);
    return [judged.fitness, judged.sinceMono];
  };
  assert.deepEqual(of('ailing', 1000), ['ailing', 1000]);
  assert.deepEqual(of('out', 2000), ['out', 1000], 'it began before');
  assert.deepEqual(of('held', 3000), ['held', 0], 'not given up yet');
  assert.deepEqual(of('out', 4000), ['out', 1000]);
  assert.deepEqual(of('held', 5000), ['out', 1000], 'given up, and left alone');
  assert.deepEqual(of('running', 5500), ['ailing', 1000], 'the maintenance is over');
  const slot = { ...at('out'), meant: false };
  assert.deepEqual(failing.judge(slot, 6000, GRACE), slot, 'a slot does not fail');
});
