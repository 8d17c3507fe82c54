import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Damping } from '../../../src/fleet/damping.js';

test('what is done now and then is done at once, what is undone each time less and less often', () => {
  const damping = new Damping();
  let now = 0;
  const rests: number[] = [];
  while (rests.length < 8) {
    if (damping.holds('web', now)) now += 500;
    else rests.push(damping.acted('web', now, { well: true, isOdd: true }));
  }
  assert.deepEqual(rests.slice(0, 5), [0, 0, 0, 10_000, 20_000]);
  assert.ok(
    rests.slice(4).every((ms, index, all) => index === 0 || ms >= (all[index - 1] as number) || ms === 0),
  );
  assert.ok(!damping.holds('db', now), 'each order for itself');
  const calm = now + 1_300_000;
  assert.equal(
    damping.acted('web', calm, { well: true, isOdd: true }),
    0,
    'after a calm time it begins anew',
  );
});

test('what failed is tried again later', () => {
  const damping = new Damping();
  assert.equal(damping.acted('web', 0, { well: false, isOdd: true }), 10_000);
  assert.ok(damping.holds('web', 9999) && !damping.holds('web', 10_000));
});

test('what was lost is replaced as often as that is, and of an order that was taken back nothing is remembered', () => {
  const damping = new Damping();
  const waits = (isOdd: boolean) =>
    [0, 1, 2, 3, 4].map(now => damping.acted('web', now, { well: true, isOdd }));
  assert.deepEqual(waits(false), [0, 0, 0, 0, 0]);
  assert.equal(waits(true).at(-1), 20_000);
  damping.only(new Set(['db', 'web']));
  assert.ok(damping.holds('web', 5));
  damping.only(new Set(['db']));
  assert.ok(!damping.holds('web', 5));
  assert.deepEqual(waits(true).slice(0, 3), [0, 0, 0]);
});
