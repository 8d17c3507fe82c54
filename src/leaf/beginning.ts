/** How a leaf begins with a target that does not run: by a start, or by what follows from an end that nobody saw. */
import type { TargetEvent } from '../core/phases.js';
import { decide, noHistory, type RestartPolicy } from '../core/restart-policy.js';
import type { Stage } from '../node/memory.js';
import type { Ended } from '../process/adopt.js';
import { ended as endOf } from './fate.js';

/** `begun`: what an earlier leaf left without an end. */
export function beginning(ended: Ended | null, begun: readonly Stage[]): TargetEvent {
  // A start or restart that was under way means one more run, however the last one ended.
  const isAsked = begun.some(
    ({ op, status }) => status === 'running' && (op === 'start' || op === 'restart'),
  );
  return ended === null || isAsked ? { type: 'start', by: 'canopy' } : endOf(ended);
}

export const startsOne = (event: TargetEvent, policy: RestartPolicy): boolean =>
  event.type !== 'ended' || (!event.givenUp && decide(policy, noHistory, event, 0, 0).restart);
