/** What the engine holds, what it is told, and what it wants done. */
import type { Alert, Notice } from '../core/alert.js';
import type { Moment } from '../core/clock.js';
import type { Status } from '../core/facts.js';
import type { Transition } from '../core/transition.js';
import type { Opening } from './id.js';
import type { Candidate } from './match.js';

/** A node as it is now. Its status is what the observer can know: `unreachable` and `unknown` say nothing of it. */
export interface Glance extends Candidate {
  readonly status: Status;
  readonly cause: string | null;
  readonly reason: string | null;
  readonly hidden: number;
  readonly maintenance: boolean;
  readonly flapping: boolean;
  /** It has missed a heartbeat. */
  readonly late: boolean;
  readonly opening: Opening;
}

/** It is as a rule says, and for how long is waited for. */
export interface Pending {
  readonly rule: string;
  readonly path: string;
  readonly since: Moment;
  readonly opening: Opening;
}

export interface Open {
  readonly alert: Alert;
  /** Monotonic ms, of this process. */
  readonly dueMono: number;
  readonly toldMono: number;
  /** Since when the node is none that is known here; null while it is. */
  readonly missingMono: number | null;
}

/** By `rule path`: one alert of a rule for a node at a time. */
export interface Model {
  readonly pending: ReadonlyMap<string, Pending>;
  readonly open: ReadonlyMap<string, Open>;
  /** Hops that came back: what is behind them may be handed over first. Monotonic ms. */
  readonly healed: ReadonlyMap<string, number>;
}

/** Whether this node tells of what falls due. `heardMono`: the last moment at which the parent is known to have been there. */
export type Duty =
  | { readonly is: 'all' }
  | { readonly is: 'none' }
  | { readonly is: 'cut'; readonly heardMono: number };

export interface Told {
  readonly transition: Transition;
  readonly opening: Opening;
}

export type Input =
  /** What has changed, in order, and how all that is pending or open, or has changed, is now. */
  | {
      readonly kind: 'look';
      readonly told: readonly Told[];
      /** Also of those that flap or are late, where a rule asks for that. */
      readonly glances: ReadonlyMap<string, Glance>;
      readonly duty: Duty;
    }
  | { readonly kind: 'ack'; readonly id: string; readonly by: string }
  /** A relay hands over what it has alerted for while it was cut off. `duty`: of this node. */
  | { readonly kind: 'adopt'; readonly alert: Alert; readonly duty: Duty }
  /** The parent has taken these over. */
  | { readonly kind: 'handed'; readonly ids: readonly string[] }
  /** A relay has told the end of this one itself, of a node below it. */
  | { readonly kind: 'closed'; readonly id: string; readonly relay: string };

export type Effect =
  | { readonly do: 'notify'; readonly notice: Notice }
  | { readonly do: 'tell'; readonly what: 'firing' | 'resolved' | 'acked'; readonly alert: Alert };

export interface Stepped {
  readonly model: Model;
  readonly effects: readonly Effect[];
}

export const keyOf = (rule: string, path: string): string => `${rule} ${path}`;

export const NO_MODEL: Model = { pending: new Map(), open: new Map(), healed: new Map() };

/** What an earlier process has left open. */
export function reopened(alerts: readonly Alert[], mono: number): Model {
  const open = alerts.map((alert): [string, Open] => [
    keyOf(alert.rule, alert.path),
    { alert, dueMono: Number.NEGATIVE_INFINITY, toldMono: mono, missingMono: null },
  ]);
  return { ...NO_MODEL, open: new Map(open) };
}

/** Nodes that a look has to say how they are. */
export const pathsOf = (model: Model): Set<string> =>
  new Set([
    ...[...model.pending.values()].map(({ path }) => path),
    ...[...model.open.values()].map(({ alert }) => alert.path),
  ]);
