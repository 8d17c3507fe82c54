/** From settings to how a leaf's target is looked after. */
import type { NodeSettings } from '../config/settings.js';
import type { HealthSpec } from '../leaf/health.js';
import { check } from '../process/check.js';

/** Milliseconds: memory is looked at with every heartbeat, and at least so often. */
const MEMORY_MS = 5000;

/** `env` and `mark`: the target's own. */
export function healthSpec(settings: NodeSettings, env: NodeJS.ProcessEnv, mark: string): HealthSpec {
  const { probes, memory, hbInterval } = settings;
  return {
    policies: probes,
    look: async (name, signal) => {
      const probe = probes[name];
      if (!probe) return { passed: true, found: 'not asked' };
      const place = { env, mark: `${mark}/${name}` };
      return check(probe.check, { timeoutMs: probe.timeoutMs, signal, place });
    },
    limits: memory,
    memoryMs: Math.min(hbInterval * 1000, MEMORY_MS),
  };
}
