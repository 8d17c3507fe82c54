/** The facts about a node, each held by the one who can know it (design: three axes and a verdict). */

export const KINDS = ['root', 'relay', 'leaf'] as const;
export const LINKS = ['online', 'offline', 'lost'] as const;
export const PHASES = ['stopped', 'starting', 'running', 'backoff', 'stopping', 'exited', 'failed'] as const;
export const HEALTHS = ['unknown', 'passing', 'warning', 'failing'] as const;
export const STATUSES = ['up', 'degraded', 'down', 'unreachable', 'stopped', 'unknown'] as const;

/** Whether a target is meant to run. */
export const DESIRED = ['running', 'stopped'] as const;

export type Desired = (typeof DESIRED)[number];
export type Kind = (typeof KINDS)[number];
export type LinkFact = (typeof LINKS)[number];
export type Phase = (typeof PHASES)[number];
export type Health = (typeof HEALTHS)[number];
export type Status = (typeof STATUSES)[number];
/** Why a link counts as lost: its will fired (the socket died), or it was silent for the parent's timeout. */
export type Cause = 'will' | 'timeout';

export type Rollup = Record<Status, number>;
export const emptyRollup = (): Rollup => ({
  up: 0,
  degraded: 0,
  down: 0,
  unreachable: 0,
  stopped: 0,
  unknown: 0,
});
