import type { Moment } from './clock.js';
import { ancestors } from './names.js';

/** The last time that a hop above this path came back; null where none was ever lost. */
export function latestHeal(
  registry: { get(path: string): { readonly healedAt: Moment | null } | undefined },
  path: string,
): Moment | null {
  let latest: Moment | null = null;
  for (const above of ancestors(path)) {
    const healed = registry.get(above)?.healedAt ?? null;
    if (healed && (latest === null || healed.mono > latest.mono)) latest = healed;
  }
  return latest;
}
