/** One change of what an observer holds true of a node: what history, live events and alerts are made of. */
import type { Cause, Kind, Status } from './facts.js';
import type { Labels } from './labels.js';

export interface Transition {
  /** Relative to the observer. */
  readonly path: string;
  readonly kind: Kind | null;
  readonly app: string | null;
  readonly labels: Labels;
  readonly epoch: number | null;
  /** Milliseconds since the Unix epoch by the observer's clock: when it became so, as well as the observer can know. */
  readonly at: number;
  /** Null: it was not known before. */
  readonly from: Status | null;
  /** Null: it was forgotten. */
  readonly to: Status | null;
  /** Why the link counts as lost. */
  readonly cause: Cause | null;
  readonly reason: string | null;
  /** Nodes below it that can't be seen for it: they get no transition of their own. */
  readonly hidden: number;
  readonly maintenance: boolean;
  readonly flapping: boolean;
}

export type TransitionListener = (transition: Transition) => void;
