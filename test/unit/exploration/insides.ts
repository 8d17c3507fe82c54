/** What a copy of a world copies beside what can be seen from outside, and what is sent in it. */
import type { Origin } from '../../../broker/rules.js';
import type { Leases } from '../../../src/core/leases.js';
import type { Observation, Told } from '../../../src/core/observation.js';
import type { Vigil } from '../../../src/core/vigil.js';
import type { Heartbeat, State } from '../../../src/protocol/payloads.js';

export interface Sent {
  readonly path: string;
  readonly channel: 'hb' | 'state';
  readonly value: Heartbeat | State;
  /** How often the link of the leaf had turned at the relay when this went by: the order of what the relay knew. */
  readonly turns: number;
}

interface Insides {
  readonly leases: Map<string, { heardAt: number; timeoutMs: number }>;
  sweptAt: number | null;
  soonest: number;
  lookedAt: number | null;
  last: { readonly from: number; readonly until: number } | null;
  readonly told: Map<string, Told>;
  readonly due: Map<string, number>;
  readonly broken: Set<string>;
}
/** What is private to it: a copy of a world has copies of these. */
export const inside = (it: Leases | Vigil | Observation): Insides => it as unknown as Insides;

/** Of what a node says at its own broker. */
export const ownOrigin: Origin = {
  clientId: 'own',
  identity: { name: '', instance: 'own' },
  who: null,
  via: 'publish',
};

interface Parts {
  readonly leases: Leases;
  readonly vigil: Vigil;
  readonly observation: Observation;
}

export function copyInsides(from: Parts, to: Parts): void {
  const [leases, vigil, seen] = [inside(from.leases), inside(from.vigil), inside(from.observation)];
  for (const [name, lease] of leases.leases) inside(to.leases).leases.set(name, { ...lease });
  Object.assign(to.leases, { sweptAt: leases.sweptAt, soonest: leases.soonest });
  Object.assign(to.vigil, { lookedAt: vigil.lookedAt, last: vigil.last });
  for (const [path, told] of seen.told) inside(to.observation).told.set(path, told);
  for (const [path, due] of seen.due) inside(to.observation).due.set(path, due);
  for (const path of seen.broken) inside(to.observation).broken.add(path);
}
