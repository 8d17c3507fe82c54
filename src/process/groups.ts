/** Which process groups have somebody alive in them. */

import { readdirSync, readFileSync } from 'node:fs';
import { isZombie, parseStat } from './stat.js';

/** kill(2) finds a group of which only zombies are left: they stay until their parent, after us an init, waits for them. */
let seen: { at: number; living: ReadonlySet<number> } = { at: Number.NEGATIVE_INFINITY, living: new Set() };

/**
 * Null where the machine has no /proc to tell it. A look costs some 10 microseconds per process of the machine: who
 * asks often takes one that is up to `maxAgeMs` old.
 */
export function livingGroups(maxAgeMs: number): ReadonlySet<number> | null {
  if (process.platform !== 'linux') return null;
  if (performance.now() - seen.at > maxAgeMs) seen = { at: performance.now(), living: look() };
  return seen.living;
}

function look(): ReadonlySet<number> {
  const living = new Set<number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? parseStat(lineOf(name)) : null;
    if (stat && !isZombie(stat)) living.add(stat.group);
  }
  return living;
}

function lineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return ''; // it went in the meantime
  }
}
