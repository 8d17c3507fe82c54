import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decide as decideAt,
  describeExit,
  type Exit,
  noHistory,
  type RestartHistory,
  type RestartPolicy,
  surelyAtOnce,
} from '../../../src/core/restart-policy.js';

const ALWAYS: RestartPolicy = {
  restart: 'always',
  exitCodes: [0],
  startMs: 0,
  maxRestarts: 0,
  windowMs: 60_000,
  atLimit: 'delay',
  backoffMinMs: 1000,
  backoffMaxMs: 30_000,
  settleMs: 10_000,
};
const NOW = 1_000_000;
const decide = (policy: RestartPolicy, streak: number, end: Exit, jitter = 0) =>
  decideAt(policy, { streak, at: [] }, end, NOW, jitter);
const exit = (more: Partial<Exit> = {}): Exit => ({ code: 1, signal: null, ranMs: 5, ...more });

test('the first restart is at once, then 1 s doubling up to 30 s', () => {
  const waits: number[] = [];
  const reasons: string[] = [];
  for (let streak = 0; streak < 9; ) {
    const verdict = decide(ALWAYS, streak, exit());
    assert.ok(verdict.restart);
    assert.equal(verdict.history.streak, streak + 1);
    waits.push(verdict.delayMs);
    reasons.push(verdict.reason);
    streak = verdict.history.streak;
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
    assert.deepEqual([verdict.delayMs, verdict.history.streak], [delayMs, streak]);
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
    fc.property(
      fc.nat(),
      fc.integer({ min: 1, max: 9999 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (streak, ranMs, jitter) => {
        const verdict = decide(ALWAYS, streak, exit({ ranMs }), jitter);
        assert.ok(verdict.restart && verdict.delayMs >= 0 && verdict.delayMs <= 30_000);
      },
    ),
  );
});

test('the wait is shortened by up to a tenth', () => {
  for (const [jitter, delayMs] of [
    [0, 4000],
    [0.5, 3800],
    [1, 3600],
  ] as const) {
    const verdict = decide(ALWAYS, 3, exit(), jitter);
    assert.ok(verdict.restart);
    assert.equal(verdict.delayMs, delayMs);
    assert.match(verdict.reason, new RegExp(`after ${delayMs / 1000} s$`));
  }
});

test('a run that ends too soon has failed, even with a code that is a success', () => {
  const policy = { ...ALWAYS, restart: 'on-failure', startMs: 1000 } as const;
  const early = decide(policy, 0, exit({ code: 0, ranMs: 999 }));
  assert.deepEqual(
    [early.restart, early.reason],
    [true, 'exited with code 0 within 1 s of its start; restarted at once'],
  );
  const inTime = decide(policy, 0, exit({ code: 0, ranMs: 1000 }));
  assert.deepEqual([inTime.restart, inTime.reason], [false, 'exited with code 0; restart=on-failure']);
  const once = decide({ ...policy, restart: 'never' }, 0, exit({ code: 0, ranMs: 5 }));
  assert.deepEqual([once.restart, once.restart || once.phase], [false, 'failed']);
  // What never began, or was ended by us, says so itself.
  for (const more of [{ spawnError: 'no x' }, { unhealthy: 'no x' }])
    assert.equal(
      decide(policy, 0, exit({ code: null, ranMs: 0, ...more })).reason,
      'no x; restarted at once',
    );
});

test('exit_codes says what counts as a success', () => {
  const policy = { ...ALWAYS, restart: 'on-failure', exitCodes: [0, 3] } as const;
  for (const [end, again] of [
    [{ code: 3 }, false],
    [{ code: 0 }, false],
    [{ code: 1 }, true],
    [{ code: null, signal: 'SIGTERM' }, true],
    [{ code: null }, true],
    [{ code: 0, unhealthy: 'over its limit' }, true],
  ] as const)
    assert.equal(decide(policy, 0, exit(end)).restart, again, JSON.stringify(end));
});

test('at the limit it goes on at the longest wait, or gives up; what is older than the window is forgotten', () => {
  const limited = { ...ALWAYS, maxRestarts: 3, windowMs: 60_000 } as const;
  const at = (...times: number[]): RestartHistory => ({ streak: 1, at: times.map(ago => NOW - ago) });
  const below = decideAt(limited, at(60_000, 59_999, 1), exit(), NOW, 0);
  assert.ok(below.restart);
  assert.deepEqual([below.delayMs, below.history.at], [1000, [NOW - 59_999, NOW - 1, NOW]]);
  const slow = decideAt(limited, at(59_999, 2, 1), exit(), NOW, 0);
  assert.ok(slow.restart);
  assert.deepEqual(
    [slow.delayMs, slow.reason],
    [30_000, 'exited with code 1; restart 2 in a row after 30 s, the longest wait: 3 restarts within 60 s'],
  );
  const over = decideAt({ ...limited, atLimit: 'fail' }, at(59_999, 2, 1), exit(), NOW, 0);
  assert.deepEqual(over, {
    restart: false,
    phase: 'failed',
    reason: 'exited with code 1; gave up after 3 restarts within 60 s',
  });
  assert.equal(
    decideAt({ ...limited, maxRestarts: 0, atLimit: 'fail' }, at(3, 2, 1), exit(), NOW, 0).restart,
    true,
  );
});

const ms = fc.integer({ min: 0, max: 3000 });
const anyPolicy: fc.Arbitrary<RestartPolicy> = fc.record({
  restart: fc.constantFrom('always', 'on-failure', 'never'),
  exitCodes: fc.uniqueArray(fc.integer({ min: 0, max: 5 })),
  startMs: ms,
  maxRestarts: fc.integer({ min: 0, max: 3 }),
  windowMs: ms,
  atLimit: fc.constantFrom('delay', 'fail'),
  backoffMinMs: fc.integer({ min: 1, max: 3000 }),
  backoffMaxMs: fc.integer({ min: 1, max: 3000 }),
  settleMs: ms,
});
const anyHistory: fc.Arbitrary<RestartHistory> = fc.record({
  streak: fc.integer({ min: 0, max: 3 }),
  at: fc.array(ms.map(ago => NOW - ago)),
});

test('what is sure is what is decided, whenever it ends, and however', () => {
  let count = 0;
  const end = fc.record({
    code: fc.option(fc.integer({ min: 0, max: 5 })),
    later: ms,
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(anyPolicy, anyHistory, end, (policy, history, { code, later, jitter }) => {
      const sure = surelyAtOnce(policy, history, NOW);
      if (sure === null) return;
      count += 1;
      const ranMs = sure.afterMs + later;
      const verdict = decideAt(policy, history, exit({ code, ranMs }), NOW + ranMs, jitter);
      const isLeft = code !== null && sure.unless.includes(code);
      assert.equal(verdict.restart && verdict.delayMs === 0, !isLeft);
    }),
    { numRuns: 2000 },
  );
  assert.ok(count > 200, `${count}`);
  const { afterMs, unless } = surelyAtOnce({ ...ALWAYS, startMs: 1000 }, noHistory, NOW) ?? {};
  assert.deepEqual([afterMs, unless], [1000, []], 'a first end that is no failed start');
  const again = surelyAtOnce({ ...ALWAYS, restart: 'on-failure' }, { streak: 1, at: [] }, NOW);
  assert.deepEqual(again, { afterMs: 10_000, unless: [0] });
});

test('how it ended, in words', () => {
  assert.equal(describeExit(exit({ code: null })), 'ended, how is not known');
  assert.equal(describeExit(exit({ code: 7 })), 'exited with code 7');
  assert.deepEqual(noHistory, { streak: 0, at: [] });
});
