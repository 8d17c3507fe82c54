/** Finds the processes of a target by a mark in their environment: it survives sessions, groups and lost parents. */
import { readdirSync, readFileSync } from 'node:fs';
import { groupOf, lives } from './stat.js';

/** Set in the environment of a target; inherited by whatever it starts. */
export const MARK = 'CANOPY_TARGET_OF';

/** Living processes that carry this mark; null where the machine has no /proc to tell. Costs some 20 us per process. */
export function markedProcesses(mark: string): number[] | null {
  if (process.platform !== 'linux') return null;
  const wanted = `${MARK}=${mark}`;
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && environment(name).includes(wanted) && lives(Number(name)))
    .map(Number);
}

/** Whether a group is still the target's: its number is used again once nobody is left in it. */
export function groupIsMarked(group: number, mark: string): boolean {
  return (markedProcesses(mark) ?? []).some(pid => groupOf(pid) === group);
}

function environment(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return []; // gone meanwhile, or another user's
  }
}
