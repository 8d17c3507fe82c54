import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GapNotes } from '../../../src/cli/log-gaps.js';

const gap = (from: number, to: number) => ({ from, to, reason: 'dropped to make room' });
const says = (from: number, to: number) => `lines ${from} to ${to} are missing: dropped to make room`;

test('a gap is told at once, what goes on behind it once a second, and no line is left out', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const told: string[] = [];
  const notes = new GapNotes(
    words => told.push(words),
    () => now,
  );
  const pass = (ms: number): void => {
    now += ms;
    t.mock.timers.tick(ms);
  };
  const expect = (...words: string[]): void => assert.deepEqual(told.splice(0), words);

  notes.add(gap(1, 10));
  expect(says(1, 10));
  for (let at = 11; at < 51; at += 10) {
    notes.add(gap(at, at + 9));
    pass(100);
  }
  expect();
  pass(600);
  expect(says(11, 50));
  notes.add(gap(51, 60));
  expect();
  notes.flush();
  expect(says(51, 60));
  notes.add(gap(71, 80));
  expect(says(71, 80));
  pass(1000);
  notes.add(gap(81, 90));
  expect(says(81, 90));
  notes.add(gap(91, 95));
  notes.add(gap(99, 100));
  expect(says(91, 95), says(99, 100));
  pass(5000);
  expect();
});
