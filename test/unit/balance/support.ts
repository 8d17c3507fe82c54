/** A registry of leaves in all states that balancing tells apart, and arbitrary ones of them. */
import fc from 'fast-check';
import type { BeatReport, StateReport } from '../../../src/core/node-record.js';
import { Registry } from '../../../src/core/registry.js';
import { at, beat, relay, state } from '../core/support.js';

export const MONO = 100_000;

/** Leaves as the machine would have them: each a state and, unless `beat` is null, a heartbeat just heard. */
export interface LeafSetup {
  readonly path: string;
  readonly app?: string;
  readonly state?: Partial<StateReport>;
  readonly beat?: Partial<BeatReport> | null;
  /** Milliseconds ago that it was last heard. */
  readonly age?: number;
}

export const RUNNING = { phase: 'running', desired: 'running' } as const;
export const STANDBY = { phase: 'stopped', desired: 'stopped', pid: null } as const;
export const FAILING = { phase: 'backoff', desired: 'running', pid: null } as const;
export const maintained = { maintenance: { since: 1, until: null, by: 'ops' } };

export function registryOf(
  leaves: readonly LeafSetup[],
  relays: Record<string, Partial<StateReport>> = {},
): Registry {
  const registry = new Registry();
  for (const [path, more] of Object.entries(relays)) {
    registry.applyState(path, relay(more), at(1));
    registry.applyBeat(path, beat({ kind: 'relay', interval: 3 }), at(MONO));
  }
  for (const { path, app = 'web', state: said = RUNNING, beat: measured = {}, age = 0 } of leaves) {
    registry.applyState(path, state({ app, ...said }), at(MONO - age));
    const { phase = 'running' } = said;
    if (measured !== null) registry.applyBeat(path, beat({ app, phase, ...measured }), at(MONO - age));
  }
  return registry;
}

export const arbStrategy = fc.constantFrom('least-loaded', 'most-loaded', 'spread', 'pack');
/** Random numbers that a failing case can be repeated with. */
export const arbRandom = fc
  .infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true }))
  .map(stream => () => {
    const { value } = stream.next();
    return value as number;
  });
