import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Answer,
  answered,
  beginProbes,
  findingOf,
  isDue,
  isEager,
  PROBES,
  type ProbeModel,
  type ProbeName,
  type ProbePolicies,
} from '../../../src/core/probes.js';

const policy = (failures: number, successes = 1) => ({ intervalMs: 10, timeoutMs: 10, failures, successes });
const ALL: ProbePolicies = { startup: policy(3), liveness: policy(2), readiness: policy(2) };
const LETTERS: Record<string, ProbeName> = { s: 'startup', l: 'liveness', r: 'readiness' };

/** `s+ l- r~`: a pass, a failure, an early failure. */
function after(policies: ProbePolicies, answers: string): ProbeModel {
  let model = beginProbes(policies);
  for (const [letter = '', sign] of answers.split(' ').filter(Boolean)) {
    const answer = { passed: sign === '+', found: `it was ${sign}`, early: sign === '~' };
    model = answered(model, policies, LETTERS[letter] as ProbeName, answer);
  }
  return model;
}

/** `health due` and, where it has to go, why. */
function seen(policies: ProbePolicies, answers: string): string {
  const model = after(policies, answers);
  const due = PROBES.filter(probe => isDue(model, policies, probe)).map(probe => probe[0]);
  const { health } = findingOf(model, policies, null);
  return [health, due.join(''), ...(model.condemned ? [model.condemned] : [])].join(' ').trim();
}

test('what each answer leads to', () => {
  const liveness = { liveness: policy(3) };
  const readiness = { readiness: policy(2, 2) };
  const startup = { startup: policy(1) };
  const table: [ProbePolicies, string, string][] = [
    [{}, '', 'passing'],
    [ALL, '', 'unknown s'],
    [ALL, 's- s-', 'unknown s'],
    [ALL, 's- s- s-', 'unknown  startup probe failed 3 times in a row: it was -'],
    [ALL, 's- s- s~ s~', 'unknown s'],
    [ALL, 's- s- s+', 'unknown lr'],
    [ALL, 'l- l- r+', 'unknown s'],
    [ALL, 's+ r+', 'passing lr'],
    [ALL, 's+ r+ l-', 'warning lr'],
    [ALL, 's+ r+ l- l+', 'passing lr'],
    [ALL, 's+ r+ l- l+ l-', 'warning lr'],
    [ALL, 's+ r+ l- l-', 'warning  liveness probe failed 2 times in a row: it was -'],
    [ALL, 's+ r+ l- l- l+ r- r-', 'warning  liveness probe failed 2 times in a row: it was -'],
    [ALL, 's+ l-', 'unknown lr'],
    [ALL, 's+ r- r-', 'failing lr'],
    [ALL, 's+ r~ r~ r~', 'unknown lr'],
    [ALL, 's+ r- r~ r-', 'failing lr'],
    [ALL, 's+ r+ r-', 'passing lr'],
    [ALL, 's+ r+ r- r-', 'failing lr'],
    [ALL, 's+ r+ r- r- l-', 'failing lr'],
    [ALL, 's+ r+ r- r- r+', 'passing lr'],
    [liveness, '', 'passing l'],
    [liveness, 'l-', 'warning l'],
    [readiness, 'r+', 'unknown r'],
    [readiness, 'r+ r- r+', 'unknown r'],
    [readiness, 'r+ r+ r- r- r+', 'failing r'],
    [readiness, 'r+ r+ r- r- r+ r+', 'passing r'],
    [startup, 's-', 'unknown  startup probe failed once: it was -'],
    [startup, 's+ l- r- s-', 'passing'],
  ];
  for (const [policies, answers, expected] of table)
    assert.equal(seen(policies, answers), expected, answers || 'nothing yet');
});

test('the reason says which probe and what it found', () => {
  const reason = (answers: string, memory: string | null = null): string | null =>
    findingOf(after(ALL, answers), ALL, memory).reason;
  assert.equal(reason(''), null);
  assert.equal(reason('s~'), 'startup probe has not passed yet: it was ~');
  assert.equal(reason('s+ r-'), 'readiness probe has not passed yet: it was -');
  assert.equal(reason('s+ r- r-'), 'readiness probe failed 2 times in a row: it was -');
  assert.equal(
    reason('s+ r- r- r-'),
    'readiness probe failed 2 times in a row: it was -',
    'and does not count on',
  );
  assert.equal(reason('s+ r+ l-'), 'liveness probe failed (1 of 2): it was -');
  assert.equal(reason('s+ r+ l-', 'rss'), 'liveness probe failed (1 of 2): it was -');
  assert.equal(reason('s+ r+', 'rss 2 GB over memory_warn 1 GB'), 'rss 2 GB over memory_warn 1 GB');
  assert.equal(reason('s+ r+ r-'), 'readiness probe: it was +');
});

test('looks are early only while they wait for a first pass', () => {
  const table: [ProbePolicies, string, ProbeName, boolean][] = [
    [ALL, '', 'startup', true],
    [ALL, 's+', 'readiness', true],
    [ALL, 's+ r+', 'readiness', false],
    [ALL, 's+ r- r-', 'readiness', false],
    [ALL, 's+', 'liveness', false],
    [{ readiness: policy(2, 2) }, '', 'readiness', false],
  ];
  for (const [policies, answers, probe, eager] of table)
    assert.equal(isEager(after(policies, answers), policies, probe), eager, `${answers} ${probe}`);
});

const policies = fc.record(
  Object.fromEntries(
    PROBES.map(probe => [
      probe,
      fc.record({ failures: fc.integer({ min: 1, max: 4 }), successes: fc.integer({ min: 1, max: 3 }) }),
    ]),
  ) as Record<ProbeName, fc.Arbitrary<{ failures: number; successes: number }>>,
  { requiredKeys: [] },
) as unknown as fc.Arbitrary<ProbePolicies>;
const answers = fc.array(
  fc.record({ probe: fc.constantFrom(...PROBES), passed: fc.boolean(), early: fc.boolean() }),
  { maxLength: 40 },
);

/** The last `count` answers that count were all such. */
const lastWere = (row: readonly Answer[], count: number, passed: boolean): boolean => {
  const counting = row.filter(answer => answer.passed || !answer.early);
  return counting.length >= count && counting.slice(-count).every(answer => answer.passed === passed);
};

/** Each probe told by its own answers alone, as they came. */
function isRight(
  of: ProbePolicies,
  probe: ProbeName,
  row: readonly Answer[],
  was: ProbeModel,
  is: ProbeModel,
): void {
  const { failures = 0, successes = 0 } = of[probe] ?? {};
  const [passed, failed] = [lastWere(row, successes, true), lastWere(row, failures, false)];
  if (probe === 'readiness') assert.equal(is.ready, passed ? true : failed ? false : was.ready);
  if (probe === 'startup') assert.equal(is.started, passed);
  assert.equal(is.condemned !== null, failed && probe !== 'readiness');
}

test('whatever is answered: thresholds hold, only startup and liveness end it, nothing is asked out of turn', () => {
  const play = (of: ProbePolicies, list: readonly (Omit<Answer, 'found'> & { probe: ProbeName })[]): void => {
    let model = beginProbes(of);
    const heard: Record<ProbeName, Answer[]> = { startup: [], liveness: [], readiness: [] };
    for (const { probe, ...rest } of list) {
      const answer = { ...rest, found: 'so' };
      const next = answered(model, of, probe, answer);
      if (isDue(model, of, probe)) {
        assert.equal(model.started, probe !== 'startup', 'the others wait for startup');
        heard[probe].push(answer);
        isRight(of, probe, heard[probe], model, next);
      } else assert.equal(next, model);
      model = next;
      const { health } = findingOf(model, of, null);
      assert.equal(health === 'failing', model.started && model.ready === false);
    }
  };
  fc.assert(fc.property(policies, answers, play), { numRuns: 500 });
});
