/** Which process groups have somebody alive in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { isZombie, parseStat } from './stat.js';

/**
 * kill(2) finds a group of which only zombies are left: they stay until their parent, after us an init, waits for them.
 * Null where the machine has no /proc to tell it. A look costs some 10 microseconds per process of the machine.
 */
export function livingGroups(): ReadonlySet<number> | null {
  if (process.platform !== 'linux') return null;
  const living = new Set<number>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? parseStat(lineOf(name)) : null;
    if (stat && !isZombie(stat)) living.add(stat.group);
  }
  return living;
}

let coming: Promise<ReadonlySet<number> | null> | null = null;

/** The same for many who ask at once: one look that begins after all of them have asked. @throws EMFILE and the like */
export function livingGroupsSoon(): Promise<ReadonlySet<number> | null> {
  coming ??= new Promise((resolve, reject) => {
    setImmediate(() => {
      coming = null;
      try {
        resolve(livingGroups());
      } catch (error) {
        reject(error);
      }
    });
  });
  return coming;
}

function lineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return ''; // it went in the meantime
  }
}
