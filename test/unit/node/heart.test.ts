import assert from 'node:assert/strict';
import { beforeEach, type TestContext, test } from 'node:test';
import { Heart } from '../../../src/node/heart.js';
import { Hearts } from '../../../src/node/hearts.js';

let now = 0;
let hearts: Hearts;
beforeEach(() => {
  // On no step of any interval.
  now = 12_345.6;
  hearts = new Hearts(() => now);
});

function useClock(t: TestContext): (ms: number) => void {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  return ms => {
    for (let passed = 0; passed < ms; passed++) {
      now += 1;
      t.mock.timers.tick(1);
    }
  };
}

/** Beats of a heart, counted at each of these milliseconds after its start. */
function beatsAt(
  heart: Heart,
  beats: number[],
  pass: (ms: number) => void,
  ends: readonly number[],
): number[] {
  let at = 0;
  heart.start();
  return ends.map(end => {
    pass(end - at);
    at = end;
    return beats.length;
  });
}

test('the first beat is at once, the second within an interval, the rest one interval apart, numbered', t => {
  const pass = useClock(t);
  const beats: number[] = [];
  const heart = new Heart(1000, seq => beats.push(seq), hearts);
  const counts = beatsAt(heart, beats, pass, [0, 499, 1001, 2001, 3001, 10_001]);
  heart.stop();
  assert.deepEqual(counts, [1, 1, 2, 3, 4, 11]);
  assert.deepEqual(beats, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

test('the hearts of a process beat together on a few steps, and not as one', t => {
  const pass = useClock(t);
  const phases = new Set<number>();
  const beat = (seq: number) => seq > 1 && phases.add(Math.floor(now) % 1000);
  const all = Array.from({ length: 20 }, () => new Heart(1000, beat, hearts));
  for (const heart of all) {
    heart.start();
    pass(37);
  }
  pass(5000);
  for (const heart of all) heart.stop();
  assert.ok(phases.size >= 2 && phases.size <= 4, `${phases.size} phases of 20 hearts`);
});

test('timers that fire late do not add up, and beats that were slept through are not made up for', t => {
  const pass = useClock(t);
  const times: number[] = [];
  const heart = new Heart(1000, () => times.push(now), hearts);
  heart.start();
  pass(1500);
  for (let late = 0; late < 40; late++) {
    now += 20;
    pass(980);
  }
  const intervals = times.slice(2).map((at, nth) => at - (times[nth + 1] as number));
  const average = intervals.reduce((sum, each) => sum + each, 0) / intervals.length;
  assert.ok(Math.abs(average - 1000) < 2, `${average} ms on average`);
  const before = times.length;
  now += 60_000;
  pass(1000);
  heart.stop();
  assert.ok(times.length - before <= 2, `${times.length - before} beats at once`);
});

test('one that joins others that are overdue does not beat with them at once', t => {
  const pass = useClock(t);
  const all = Array.from({ length: 20 }, () => new Heart(1000, () => {}, hearts));
  // At times from which every step is chosen by some.
  for (const heart of all) {
    heart.start();
    pass(37);
  }
  // No multiple of the interval: the timers of the steps are late by it, each by another part.
  now += 5600;
  const times: number[] = [];
  const late = new Heart(1000, () => times.push(now), hearts);
  late.start();
  pass(3000);
  for (const heart of [...all, late]) heart.stop();
  assert.ok((times[1] as number) - (times[0] as number) >= 500, `${times}`);
});

test('a stopped heart is still, whenever it was stopped, and the others go on', t => {
  const pass = useClock(t);
  let others = 0;
  const other = new Heart(1000, () => others++, hearts);
  other.start();
  for (const after of [0, 300, 1500]) {
    const beats: number[] = [];
    const heart = new Heart(1000, seq => beats.push(seq), hearts);
    beatsAt(heart, beats, pass, [after]);
    heart.stop();
    heart.stop();
    const [before, othersBefore] = [beats.length, others];
    pass(10_000);
    assert.equal(beats.length, before);
    assert.equal(others - othersBefore, 10);
  }
  other.stop();
});

test('a timer that nobody waits for any more does not wake the process', async () => {
  const timers = () => process.getActiveResourcesInfo().filter(what => what === 'Timeout').length;
  const before = timers();
  const heart = new Heart(10, () => {}, new Hearts());
  heart.start();
  heart.stop();
  assert.equal(timers(), before);
  await new Promise<void>(resolve => {
    const ends: Heart = new Heart(
      10,
      seq => {
        if (seq === 1) return;
        ends.stop();
        setImmediate(resolve);
      },
      new Hearts(),
    );
    ends.start();
  });
  assert.equal(timers(), before);
});

test('one that stops in its own beat does so', t => {
  const pass = useClock(t);
  const beats: number[] = [];
  const heart: Heart = new Heart(
    1000,
    seq => {
      beats.push(seq);
      if (seq === 2) heart.stop();
    },
    hearts,
  );
  heart.start();
  pass(5000);
  assert.deepEqual(beats, [1, 2]);
});
