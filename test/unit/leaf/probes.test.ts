import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Answer, ProbeName, ProbePolicies } from '../../../src/core/probes.js';
import { Prober } from '../../../src/leaf/probes.js';
import { until } from '../../support/wait.js';

const policy = (intervalMs: number, failures = 1000) => ({
  intervalMs,
  timeoutMs: 1000,
  failures,
  successes: 1,
});

interface Asked {
  readonly probe: ProbeName;
  readonly at: number;
  readonly signal: AbortSignal;
  answer(passed: boolean): void;
}

/** A prober whose looks are answered by the test; `auto` answers them all at once. */
function probing(t: TestContext, policies: ProbePolicies, auto: boolean | null = null) {
  const asked: Asked[] = [];
  let told = 0;
  const look = (probe: ProbeName, signal: AbortSignal): Promise<Answer> =>
    new Promise(resolve => {
      const answer = (passed: boolean): void => resolve({ passed, found: 'so' });
      asked.push({ probe, at: performance.now(), signal, answer });
      if (auto !== null) answer(auto);
    });
  const prober = new Prober(policies, look, () => {
    told += 1;
  });
  t.after(() => prober.end());
  const of = (probe: ProbeName) => asked.filter(one => one.probe === probe);
  return { prober, asked, of, told: () => told };
}

/** Long enough for anybody with an interval of 10 ms to have asked. */
async function othersAsk(t: TestContext): Promise<void> {
  const { prober, asked } = probing(t, { readiness: policy(10) }, true);
  prober.begin();
  await until(() => asked.length >= 5);
}

test('nothing is asked before the run, nor after it', async t => {
  const { prober, asked, of } = probing(t, { readiness: policy(10), liveness: policy(10) }, true);
  assert.equal(asked.length, 0);
  prober.begin();
  await until(() => of('liveness').length >= 3 && of('readiness').length >= 3);
  prober.end();
  assert.ok(asked.every(({ signal }) => signal.aborted));
  const { length } = asked;
  await othersAsk(t);
  assert.equal(asked.length, length);
});

test('never two of a probe at a time, however long one takes; the others go on', async t => {
  const { prober, of } = probing(t, { readiness: policy(5), liveness: policy(5) });
  prober.begin();
  for (let round = 1; round <= 10; round++) {
    const asked = await until(() => of('liveness')[round - 1]);
    asked.answer(true);
  }
  assert.equal(of('readiness').length, 1);
  of('readiness')[0]?.answer(true);
  await until(() => of('readiness').length === 2);
});

test('the late answer of an earlier run counts for none', async t => {
  const { prober, asked, told } = probing(t, { readiness: policy(20), startup: policy(20, 1) });
  prober.begin();
  const early = await until(() => asked[0]);
  prober.begin();
  assert.ok(early.signal.aborted);
  early.answer(true);
  const second = await until(() => asked[1]);
  assert.deepEqual([prober.model.started, told()], [false, 0]);
  second.answer(true);
  await until(() => prober.model.started);
});

test('the others wait for startup, and startup is not asked again', async t => {
  const { prober, asked, of } = probing(t, {
    startup: policy(10),
    readiness: policy(10),
    liveness: policy(10),
  });
  prober.begin();
  for (let round = 0; round < 3; round++) (await until(() => asked[round])).answer(false);
  assert.equal(of('startup').length, asked.length);
  (await until(() => asked[3])).answer(true);
  await until(() => of('liveness').length === 1 && of('readiness').length === 1);
  assert.equal(of('startup').length, 4);
});

test('once it has failed for good nothing more is asked', async t => {
  const { prober, asked } = probing(t, { liveness: policy(5, 3), readiness: policy(1) }, false);
  prober.begin();
  await until(() => prober.model.condemned);
  const { length } = asked;
  await othersAsk(t);
  assert.ok(asked.length <= length + 1, 'at most what was under way');
});

test('readiness is looked at early until it has passed, and such a failure does not count', async t => {
  const { prober, of } = probing(t, { readiness: policy(60_000, 2) });
  prober.begin();
  for (let round = 0; round < 4; round++) (await until(() => of('readiness')[round])).answer(false);
  const times = of('readiness').map(({ at }) => at);
  const waits = times.slice(1).map((at, index) => at - (times[index] as number));
  for (const [index, least] of [95, 195, 395].entries())
    assert.ok((waits[index] as number) >= least, `waits double: ${waits}`);
  assert.deepEqual([prober.model.ready, prober.model.rows.readiness.fails], [null, 1]);
  (await until(() => of('readiness')[4])).answer(true);
  await until(() => prober.model.ready === true);
});

test('not all of a host are asked at once', async t => {
  const many = Array.from({ length: 20 }, () => probing(t, { liveness: policy(200) }));
  const from = performance.now();
  for (const { prober } of many) prober.begin();
  await until(() => many.every(({ asked }) => asked.length > 0));
  const waits = many.map(({ asked }) => (asked[0]?.at ?? 0) - from);
  assert.ok(Math.min(...waits) >= 95, 'what was only just started is not asked yet');
  assert.ok(Math.max(...waits) - Math.min(...waits) > 20, `${waits}`);
});
