/** How much memory the processes of a group take together. */
import { readdirSync, readFileSync } from 'node:fs';
import { mono } from './mono.js';
import { isZombie, parseStat } from './stat.js';
import { bytesPerPage, residentPages } from './usage.js';

let seen: { at: number; groups: ReadonlyMap<number, readonly number[]> } = {
  at: Number.NEGATIVE_INFINITY,
  groups: new Map(),
};

/**
 * Bytes, shared pages counted for each who has them; null where the machine has no /proc, 0 where nobody is left. To look who is
 * in which group costs some 10 us per process of the machine: all who ask share one look of up to `maxAgeMs`.
 */
export function groupMemory(group: number, maxAgeMs = 500): number | null {
  if (process.platform !== 'linux') return null;
  if (mono() - seen.at > maxAgeMs) seen = { at: mono(), groups: look() };
  const members = seen.groups.get(group) ?? [];
  const pages = members.reduce((sum, pid) => sum + residentPages(pid), 0);
  return pages * bytesPerPage();
}

function look(): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? parseStat(lineOf(name)) : null;
    if (!stat || isZombie(stat)) continue;
    const members = groups.get(stat.group) ?? [];
    members.push(Number(name));
    groups.set(stat.group, members);
  }
  return groups;
}

function lineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return ''; // it went in the meantime
  }
}
