import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heart } from '../../../src/node/heart.js';

/** Beats of a heart with an interval of one second, counted at each of these milliseconds. */
function beatsAt(
  heart: Heart,
  beats: number[],
  tick: (ms: number) => void,
  ends: readonly number[],
): number[] {
  let now = 0;
  heart.start();
  return ends.map(end => {
    tick(end - now);
    now = end;
    return beats.length;
  });
}

test('the first beat is at once, the second within an interval, the rest one interval apart, numbered', t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const beats: number[] = [];
  const heart = new Heart(1000, seq => beats.push(seq));
  const counts = beatsAt(heart, beats, ms => t.mock.timers.tick(ms), [0, 499, 1000, 2000, 3000, 10_000]);
  heart.stop();
  assert.deepEqual(counts, [1, 1, 2, 3, 4, 11]);
  assert.deepEqual(beats, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test('the hearts of a process beat together on a few steps, and not as one', t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const phases = new Set<number>();
  let now = 0;
  const hearts = Array.from({ length: 20 }, () => new Heart(1000, seq => seq === 2 && phases.add(now)));
  for (const heart of hearts) heart.start();
  for (now = 1; now <= 1000; now++) t.mock.timers.tick(1);
  for (const heart of hearts) heart.stop();
  assert.ok(phases.size >= 2 && phases.size <= 4, `${phases.size} phases of 20 hearts`);
});

test('a stopped heart is still, whenever it was stopped', t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  for (const after of [0, 300, 1500]) {
    const beats: number[] = [];
    const heart = new Heart(1000, seq => beats.push(seq));
    beatsAt(heart, beats, ms => t.mock.timers.tick(ms), [after]);
    heart.stop();
    heart.stop();
    const before = beats.length;
    t.mock.timers.tick(10_000);
    assert.equal(beats.length, before);
  }
});
