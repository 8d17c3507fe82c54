/** Finds the processes of a target by a mark in their environment: it survives sessions, groups and lost parents. */
import { readdirSync, readFileSync } from 'node:fs';
import { groupOf, lives } from './stat.js';

/** Set in the environment of a target; inherited by whatever it starts. */
export const MARK = 'CANOPY_TARGET_OF';

/** Living processes by their mark; null where the machine has no /proc to tell. Costs some 20 us per process. */
function look(): ReadonlyMap<string, number[]> | null {
  if (process.platform !== 'linux') return null;
  const found = new Map<string, number[]>();
  for (const name of readdirSync('/proc')) {
    const mark = /^\d/.test(name) ? markOf(name) : null;
    if (mark === null || !lives(Number(name))) continue;
    found.set(mark, [...(found.get(mark) ?? []), Number(name)]);
  }
  return found;
}

export function markedProcesses(mark: string): number[] | null {
  const found = look();
  return found && (found.get(mark) ?? []);
}

let coming: Promise<ReadonlyMap<string, number[]> | null> | null = null;

/** The same for many who ask at once: one look that begins after all of them have asked. @throws EMFILE and the like */
export async function markedSoon(mark: string): Promise<number[]> {
  coming ??= new Promise((resolve, reject) => {
    setImmediate(() => {
      coming = null;
      try {
        resolve(look());
      } catch (error) {
        reject(error);
      }
    });
  });
  return (await coming)?.get(mark) ?? [];
}

/** Whether a group is still the target's: its number is used again once nobody is left in it. */
export function groupIsMarked(group: number, mark: string): boolean {
  return (markedProcesses(mark) ?? []).some(pid => groupOf(pid) === group);
}

/** Of a process; null where it bears none, or may not be looked at. */
export function markOf(pid: string | number): string | null {
  const environment = environmentOf(pid);
  const at = `\0${environment}`.indexOf(`\0${MARK}=`);
  if (at === -1) return null;
  const end = environment.indexOf('\0', at);
  return environment.slice(at + MARK.length + 1, end === -1 ? undefined : end);
}

function environmentOf(pid: string | number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // gone meanwhile, or another user's
  }
}
