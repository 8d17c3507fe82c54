/** What a share means for what it was given to, and what comes back of it. */
import type { ScaleRequest } from '../balance/requests.js';
import { isChange, type Share } from '../balance/shares.js';
import type { Service } from '../balance/units.js';
import { type Capacity, MOST_INSTANCES } from '../core/app-capacity.js';
import type { LeafOutcome } from '../core/rollout.js';
import type { Command } from '../protocol/payloads.js';

export interface ScaleOrigin {
  readonly id: string;
  readonly by: string;
}

export interface ScaleLimits {
  /** Leaves that have failed before. */
  readonly avoid?: readonly string[];
  /** Of the node itself, for some or all of the leaves: these are counted, and left to them. */
  readonly orders?: readonly Service[];
  /** What runs goes on, even where it is more by now: whoever asks has a rule of his own for which ones are too many. */
  readonly startsOnly?: boolean;
}

export interface ActionOutcome extends LeafOutcome {
  readonly action: 'start' | 'stop' | 'scale';
  readonly count?: number;
}

/** What a node answers a `scale` with. */
export interface ScaleAnswer {
  readonly app: string;
  readonly count: number;
  readonly running: number;
  readonly missing: number;
  readonly capacity: Capacity;
  readonly results: readonly ActionOutcome[];
  /** Paths of which nobody knows what became of them. */
  readonly uncertain?: readonly string[];
  /** Paths of the relays that keep to a standing order of their own. */
  readonly keptBy?: readonly string[];
  /** Paths of instances that can't be seen now and may run. */
  readonly unseen?: readonly string[];
}

export const isAnswer = (data: unknown): data is ScaleAnswer => {
  const { running, capacity, results } = (data ?? {}) as Partial<ScaleAnswer>;
  const whole = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_INSTANCES;
  return (
    whole(running) &&
    whole(capacity?.slots) &&
    whole(capacity?.running) &&
    whole(capacity?.free) &&
    Array.isArray(results)
  );
};

/** The paths that a child has named, as they are here; a stranger may have said anything. */
export const pathsIn = (named: unknown, child: string): string[] =>
  (Array.isArray(named) ? named : [])
    .filter(path => typeof path === 'string')
    .map(path => (path === '' ? child : `${child}/${path}`));

/** Null where a leaf is as it should be. */
export const actionOf = (share: Share): 'start' | 'stop' | null =>
  !isChange(share) && !mayBeStarted(share) ? null : share.added > 0 ? 'start' : 'stop';

/** Somebody's start may wait in it for the end of its stop: one more stop overtakes that. */
export const mayBeStarted = ({ unit, count }: Share): boolean => unit.isStopping === true && count === 0;

export function childCommand(request: ScaleRequest, count: number, by: string): Omit<Command, 'id' | 'v'> {
  const { app, label, strategy, timeoutMs, dryRun } = request;
  return {
    op: 'scale',
    args: { count, timeout: timeoutMs / 1000, share: true, ...(dryRun && { dryRun }) },
    select: { app, ...(label !== undefined && { label }) },
    strategy,
    by,
  };
}
