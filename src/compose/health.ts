/** From settings to how a leaf's target is looked after. */
import type { NodeSettings } from '../config/settings.js';
import type { HealthSpec } from '../leaf/health.js';
import { check } from '../process/check.js';
import type { RunAs } from './run-as.js';

/** Milliseconds: memory is looked at with every heartbeat, and at least so often. */
const MEMORY_MS = 5000;

/** `runAs` and `mark`: the target's own; an exec probe runs as the target does. */
export function healthSpec(settings: NodeSettings, runAs: () => RunAs, mark: string): HealthSpec {
  const { probes, memory, hbInterval } = settings;
  return {
    policies: probes,
    look: async (name, signal) => {
      const probe = probes[name];
      if (!probe) return { passed: true, found: 'not asked' };
      const place = { ...runAs(), mark: `${mark}/${name}` };
      return check(probe.check, { timeoutMs: probe.timeoutMs, signal, place });
    },
    limits: memory,
    memoryMs: Math.min(hbInterval * 1000, MEMORY_MS),
  };
}
