/** What a leaf decides about its target is on disk before it is done: the next leaf goes on with it where this one is killed over it. */
import type { TargetEvent, TargetModel } from '../core/phases.js';
import type { RestartPolicy } from '../core/restart-policy.js';
import type { Ended } from '../process/adopt.js';
import { type Fate, recordFate } from '../process/target-record.js';
import type { TargetSpec } from './target-spec.js';

/** What is decided with this change; null: nothing that the next leaf would not see by itself. Pure. */
export function fateOf(
  model: TargetModel,
  before: TargetModel,
  restart: RestartPolicy['restart'],
): Fate | null {
  const { phase, after, pid } = model;
  // `never` says the same again.
  if (phase === 'failed') return before.phase === 'failed' || restart === 'never' ? null : 'given-up';
  const isNew = before.phase !== 'stopping' || before.after !== after || before.pid !== pid;
  if (phase !== 'stopping' || after === 'stay' || !isNew) return null;
  return after === 'start' ? 'restart' : 'unhealthy';
}

const BY = 'an earlier leaf';
const UNHEALTHY = `${BY} was stopping it as unhealthy`;

/** What goes on with a target that was adopted. */
export function carriedOn(fate: Fate | null): TargetEvent | null {
  if (fate === null || fate === 'given-up') return null;
  return fate === 'unhealthy' ? { type: 'unhealthy', reason: UNHEALTHY } : { type: 'restart', by: BY };
}

/** What follows from an end that nobody saw. */
export const ended = ({ code, signal, ranMs, fate }: Ended): TargetEvent => ({
  type: 'ended',
  code,
  signal,
  ranMs,
  ...(fate === 'unhealthy' && { unhealthy: UNHEALTHY }),
  ...(fate === 'given-up' && { givenUp: true }),
});

export function keepFate({ dataDir, policy }: TargetSpec, model: TargetModel, before: TargetModel): void {
  const fate = fateOf(model, before, policy.restart);
  if (fate) record(dataDir, fate);
}

/** As well as it goes: a disk that takes nothing keeps nobody from ending a target. */
export function record(dataDir: string, fate: Fate): void {
  try {
    recordFate(dataDir, fate);
  } catch {
    // at worst the next leaf asks the policy what follows from this end
  }
}
