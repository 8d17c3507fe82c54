/** Whether a target has started, is alive and is ready, from what its probes found. Pure; the semantics of Kubernetes. */
import type { Health } from './facts.js';

export const PROBES = ['startup', 'liveness', 'readiness'] as const;
export type ProbeName = (typeof PROBES)[number];

export interface ProbePolicy {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** In a row, from which on the probe has failed. */
  readonly failures: number;
  /** In a row, from which on it has passed. */
  readonly successes: number;
}
export type ProbePolicies = { readonly [P in ProbeName]?: ProbePolicy };

export interface Answer {
  readonly passed: boolean;
  /** In words: `GET http://127.0.0.1:8101/healthz answered 503`. */
  readonly found: string;
  /** From a look between two intervals, taken to see sooner that it is up: only a pass counts. */
  readonly early?: boolean;
}

/** In a row, the last answers of one probe. */
interface Row {
  readonly passes: number;
  readonly fails: number;
  readonly found: string | null;
  /** What the last pass found. */
  readonly good: string | null;
}

/** Of one run of the target. */
export interface ProbeModel {
  /** Liveness and readiness wait for this. */
  readonly started: boolean;
  /** null: not found to be either yet. */
  readonly ready: boolean | null;
  /** Why it has to go; null while it need not. */
  readonly condemned: string | null;
  readonly rows: { readonly [P in ProbeName]: Row };
}

const NONE: Row = { passes: 0, fails: 0, found: null, good: null };

export const beginProbes = (policies: ProbePolicies): ProbeModel => ({
  started: !policies.startup,
  ready: policies.readiness ? null : true,
  condemned: null,
  rows: { startup: NONE, liveness: NONE, readiness: NONE },
});

/** Whether the answers of a probe count now. */
export function isDue(
  { started, condemned }: ProbeModel,
  policies: ProbePolicies,
  probe: ProbeName,
): boolean {
  return condemned === null && policies[probe] !== undefined && started === (probe !== 'startup');
}

/** Waiting for a first pass, it is worth looking before the interval is over. */
export function isEager(model: ProbeModel, policies: ProbePolicies, probe: ProbeName): boolean {
  const waits = probe === 'startup' || (probe === 'readiness' && model.ready === null);
  return waits && policies[probe]?.successes === 1;
}

/** What an answer changes; one that is not due changes nothing. */
export function answered(
  model: ProbeModel,
  policies: ProbePolicies,
  probe: ProbeName,
  answer: Answer,
): ProbeModel {
  const policy = policies[probe];
  if (!policy || !isDue(model, policies, probe)) return model;
  const row = added(model.rows[probe], answer);
  const next = { ...model, rows: { ...model.rows, [probe]: row } };
  if (probe === 'startup' && row.passes >= policy.successes) return { ...next, started: true };
  if (probe === 'readiness' && row.passes >= policy.successes) return { ...next, ready: true };
  if (row.fails < policy.failures) return next;
  return probe === 'readiness'
    ? { ...next, ready: false }
    : { ...next, condemned: failed(probe, policy, row) };
}

function added(row: Row, { passed, found, early = false }: Answer): Row {
  if (passed) return { passes: row.passes + 1, fails: 0, found, good: found };
  return early ? { ...row, found } : { ...row, passes: 0, fails: row.fails + 1, found };
}

const failed = (probe: ProbeName, { failures }: ProbePolicy, { found }: Row): string =>
  `${probe} probe failed ${failures === 1 ? 'once' : `${failures} times in a row`}: ${found}`;

/** How a running target is, and why; without a reason where no probe or limit has found anything yet. */
export interface Finding {
  readonly health: Health;
  readonly reason: string | null;
}

/** `memory`: what there is to warn of. Not ready weighs most: whoever asks it gets no answer. */
export function findingOf(model: ProbeModel, policies: ProbePolicies, memory: string | null): Finding {
  const { startup, liveness, readiness } = model.rows;
  if (!model.started) return { health: 'unknown', reason: pending('startup', startup) };
  if (model.ready === false && policies.readiness)
    return { health: 'failing', reason: failed('readiness', policies.readiness, readiness) };
  if (model.ready === null) return { health: 'unknown', reason: pending('readiness', readiness) };
  if (liveness.fails > 0 && policies.liveness) {
    const count = `${liveness.fails} of ${policies.liveness.failures}`;
    return { health: 'warning', reason: `liveness probe failed (${count}): ${liveness.found}` };
  }
  if (memory !== null) return { health: 'warning', reason: memory };
  const passed = PROBES.findLast(probe => model.rows[probe].good !== null);
  return { health: 'passing', reason: passed ? `${passed} probe: ${model.rows[passed].good}` : null };
}

const pending = (probe: ProbeName, { found }: Row): string | null =>
  found === null ? null : `${probe} probe has not passed yet: ${found}`;
