/** `rebalance`: moves instances of an app from loaded to idle machines; the new one serves before the old one goes. */
import { type Fitness, fitnessOf, isMeant } from '../balance/fitness.js';
import { type Move, movesOf } from '../balance/moves.js';
import type { RebalanceRequest } from '../balance/requests.js';
import { isOf } from '../balance/units.js';
import { type LeafOutcome, summarize } from '../core/rollout.js';
import { Outcome, type Progress } from '../node/responder.js';
import type { Errands } from './errands.js';
import type { ScaleOrigin } from './scale-actions.js';

/** Of an outcome, `path` is where the instance was. */
interface MoveOutcome extends LeafOutcome {
  readonly to: string;
  readonly fromLoad: number;
  readonly toLoad: number;
}

export async function rebalance(
  errands: Errands,
  request: RebalanceRequest,
  origin: ScaleOrigin,
  progress: Progress,
): Promise<Outcome> {
  const { registry } = errands;
  const leaves = [...registry.all()].filter(record => record.kind === 'leaf' && isOf(record, request));
  const moves = movesOf(registry, leaves, request.rules, errands.now());
  const results: MoveOutcome[] = [];
  for (const move of moves) {
    const { status, error } = request.dryRun
      ? ({ status: 'planned', error: undefined } as const)
      : isStill(errands, move)
        ? await carryOut(errands, move, request.timeoutMs, origin)
        : CHANGED;
    const { from: path, to, fromLoad, toLoad } = move;
    results.push({ path, to, status, fromLoad, toLoad, ...(error !== undefined && { error }) });
    progress({ done: results.length, expected: moves.length });
    // What went wrong once may leave one instance more than there were: that is looked at before any other is moved.
    if (status !== 'succeeded' && status !== 'planned' && status !== 'skipped') break;
  }
  const { status, data } = summarize(results, request.dryRun);
  const { app, label } = request;
  return new Outcome(status, { app, ...(label !== undefined && { label }), ...data, results });
}

const CHANGED = { status: 'skipped', error: 'since it was planned, one of the two has changed' } as const;

/** Moves are made one after the other: by the time of one, somebody may have stopped or started either of its two. */
function isStill(errands: Errands, { from, to }: Move): boolean {
  const { registry } = errands;
  const is = (path: string, wanted: Fitness): boolean => {
    const record = registry.get(path);
    return (
      record !== undefined &&
      fitnessOf(registry, record, errands.now()) === wanted &&
      errands.ordered(path) === null
    );
  };
  return is(from, 'running') && is(to, 'free');
}

async function carryOut(
  errands: Errands,
  { from, to }: Move,
  timeoutMs: number,
  { id, by }: ScaleOrigin,
): Promise<LeafOutcome> {
  const deadline = performance.now() + timeoutMs;
  const tell = (path: string, op: 'start' | 'stop', step: string) =>
    errands.run(path, { op, by }, { id, step }, performance.now() + timeoutMs);
  const { outcome: started } = await tell(to, 'start', 'start');
  const ready = started.status === 'succeeded' && (await errands.untilUp(to, deadline));
  if (!ready) {
    await tell(to, 'stop', 'undo');
    return started.status === 'succeeded'
      ? { path: from, status: 'timedOut', error: `"${to}" was not ready in time; it is stopped again` }
      : { ...started, path: from, error: `"${to}": ${started.error ?? started.status}` };
  }
  const record = errands.registry.get(from);
  if (record && isMeant(record)) return (await tell(from, 'stop', 'stop')).outcome;
  await tell(to, 'stop', 'undo');
  return { path: from, status: 'skipped', error: `it was stopped meanwhile; "${to}" is stopped again` };
}
