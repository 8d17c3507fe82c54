import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide, type Exit, type RestartPolicy } from '../../../src/core/restart-policy.js';

const ALWAYS: RestartPolicy = {
  restart: 'always',
  backoffMinMs: 1000,
  backoffMaxMs: 30_000,
  settleMs: 10_000,
};
const exit = (more: Partial<Exit> = {}): Exit => ({ code: 1, signal: null, ranMs: 5, ...more });

test('the first restart is at once, then 1 s doubling up to 30 s', () => {
  const waits: number[] = [];
  const reasons: string[] = [];
  for (let streak = 0; streak < 9; ) {
    const verdict = decide(ALWAYS, streak, exit());
    assert.ok(verdict.restart);
    assert.equal(verdict.streak, streak + 1);
    waits.push(verdict.delayMs);
    reasons.push(verdict.reason);
    streak = verdict.streak;
  }
  assert.deepEqual(waits, [0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  assert.deepEqual(reasons.slice(0, 3), [
    'exited with code 1; restarted at once',
    'exited with code 1; restart 2 in a row after 1 s',
    'exited with code 1; restart 3 in a row after 2 s',
  ]);
});

test('a run that outlived the settle time begins a clean history', () => {
  for (const [ranMs, delayMs, streak] of [
    [9999, 30_000, 10],
    [10_000, 0, 1],
    [1e9, 0, 1],
  ]) {
    const verdict = decide(ALWAYS, 9, exit({ ranMs: ranMs as number }));
    assert.ok(verdict.restart);
    assert.deepEqual([verdict.delayMs, verdict.streak], [delayMs, streak]);
  }
});

const ENDS: [string, Exit][] = [
  ['clean', exit({ code: 0 })],
  ['code 3', exit({ code: 3 })],
  ['signal', exit({ code: null, signal: 'SIGSEGV' })],
  ['never began', exit({ code: null, spawnError: 'cannot start "x": not found', ranMs: 0 })],
];
/** By policy and end: restarted, or the phase in which it is left, and why. */
const WANTED: Record<RestartPolicy['restart'], [boolean | 'exited' | 'failed', string][]> = {
  always: [
    [true, 'exited with code 0; restarted at once'],
    [true, 'exited with code 3; restarted at once'],
    [true, 'killed by SIGSEGV; restarted at once'],
    [true, 'cannot start "x": not found; restarted at once'],
  ],
  'on-failure': [
    ['exited', 'exited with code 0; restart=on-failure'],
    [true, 'exited with code 3; restarted at once'],
    [true, 'killed by SIGSEGV; restarted at once'],
    [true, 'cannot start "x": not found; restarted at once'],
  ],
  never: [
    ['exited', 'exited with code 0; restart=never'],
    ['failed', 'exited with code 3; restart=never'],
    ['failed', 'killed by SIGSEGV; restart=never'],
    ['failed', 'cannot start "x": not found; restart=never'],
  ],
};

for (const restart of ['always', 'on-failure', 'never'] as const) {
  test(`restart=${restart}`, () => {
    for (const [at, [name, end]] of ENDS.entries()) {
      const verdict = decide({ ...ALWAYS, restart }, 0, end);
      const found = [verdict.restart || verdict.phase, verdict.reason];
      assert.deepEqual(found, WANTED[restart][at], name);
    }
  });
}

test('no history makes the wait longer than the cap, or no number at all', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 9999 }), (streak, ranMs) => {
      const verdict = decide(ALWAYS, streak, exit({ ranMs }));
      assert.ok(verdict.restart && verdict.delayMs >= 0 && verdict.delayMs <= 30_000);
    }),
  );
});
