/**
 * Who descends from a process, whatever environment, group or session they have taken: found by their parents in one look
 * at /proc, some 15 us per process. One whose own parent had ended before the look belongs to init by then and can't be
 * found this way; where it has dropped the mark as well, only a cgroup in which its target began holds it.
 */
import { readdirSync } from 'node:fs';
import { startTicksOf, statOf } from './stat.js';

/** A pid as it was at the look: its start tells it from a later one of that number. */
export interface Known {
  readonly pid: number;
  readonly startTicks: string;
}

export const stillLives = ({ pid, startTicks }: Known): boolean => startTicksOf(pid) === startTicks;

/** The roots themselves left out; empty where the machine has no /proc. */
export function descendantsOf(roots: Iterable<number>): Known[] {
  const children = childrenByParent();
  const seen = new Set(roots);
  const found: Known[] = [];
  // Grows while it is walked.
  const parents = [...seen];
  for (const parent of parents) {
    for (const child of children.get(parent) ?? []) {
      if (seen.has(child.pid)) continue;
      seen.add(child.pid);
      parents.push(child.pid);
      found.push(child);
    }
  }
  return found;
}

type Children = ReadonlyMap<number, readonly Known[]>;
let looked: Children | null = null;

/** One look for all who ask within the same turn, such as a hundred targets that are stopped together. */
function childrenByParent(): Children {
  if (looked) return looked;
  looked = look();
  setImmediate(() => {
    looked = null;
  });
  return looked;
}

function look(): Children {
  const children = new Map<number, Known[]>();
  if (process.platform !== 'linux') return children;
  for (const name of readdirSync('/proc')) {
    const stat = /^\d/.test(name) ? statOf(Number(name)) : null;
    if (stat === null) continue;
    const siblings = children.get(stat.parent) ?? [];
    children.set(stat.parent, siblings);
    siblings.push({ pid: Number(name), startTicks: stat.startTicks });
  }
  return children;
}
