/** How a service stands below a node, beside the count that was asked for. */
import type { ScaleRequest } from '../balance/requests.js';
import { type Unit, unitsOf } from '../balance/units.js';
import type { Capacity } from '../core/app-capacity.js';
import { summarize } from '../core/rollout.js';
import { Outcome } from '../node/responder.js';
import type { Errands } from './errands.js';
import type { ScaleAnswer } from './scale-actions.js';

/** As it is now: units that were told a share have said what came of it. */
export function figuresOf({ app, label, count }: ScaleRequest, units: readonly Unit[]) {
  const capacity: Capacity = units.reduce(
    (all, { slots, running, free, held, ailing }) => ({
      slots: all.slots + slots,
      running: all.running + running,
      free: all.free + free,
      held: all.held + held,
      ailing: all.ailing + ailing,
    }),
    { slots: 0, running: 0, free: 0, held: 0, ailing: 0 },
  );
  const { running } = capacity;
  const [missing, surplus] = [Math.max(0, count - running), Math.max(0, running - count)];
  return {
    app,
    ...(label !== undefined && { label }),
    count,
    running,
    missing,
    ...(surplus > 0 && { surplus }),
    capacity,
  };
}

/** Leaves as they will be once they have done what this node has told them; relays by their roll-ups. */
export const unitsNow = (errands: Errands, request: ScaleRequest): Unit[] =>
  unitsOf(errands.registry, request, errands.now()).map(unit => {
    const ordered = errands.ordered(unit.path);
    if (unit.kind === 'relay' || ordered === null) return unit;
    return ordered === 'start'
      ? { ...unit, running: 1, ailing: 0, free: 0 }
      : { ...unit, running: 0, held: 0, ailing: 0, free: errands.isFit(unit.path) ? 1 : 0 };
  });

/**
 * What a share is answered with where a standing order of this node sees to the service: who shares out counts what runs, and
 * chooses nothing of it.
 */
export function keptAnswer(errands: Errands, request: ScaleRequest): Outcome {
  const figures = figuresOf(request, unitsNow(errands, request));
  const { slots, running } = figures.capacity;
  const capacity = { slots, running, free: 0, held: running, ailing: 0 };
  const { data } = summarize([], request.dryRun);
  const status = running === request.count ? 'succeeded' : running > 0 ? 'partial' : 'failed';
  return new Outcome(status, {
    ...data,
    ...figures,
    capacity,
    results: [],
    keptBy: [''],
  } satisfies ScaleAnswer);
}
