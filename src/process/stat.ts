/** /proc/<pid>/stat of Linux, see proc(5). */

import { readFileSync } from 'node:fs';

/** `startTicks` since boot, `cpuTicks` user and system time; a tick is 1/100 s. */
export interface ProcessStat {
  state: string;
  parent: number;
  group: number;
  startTicks: string;
  cpuTicks: number;
}

/** Of the fields that are read; the third is the first after the command. */
const LAST = 22;

/** Null for what is not such a line. The name of the command may hold spaces and `)`: count from its last one. */
export function parseStat(line: string): ProcessStat | null {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ', LAST - 2);
  const field = (number: number): string => fields[number - 3] ?? '';
  const stat = {
    state: field(3),
    parent: Number(field(4)),
    group: Number(field(5)),
    startTicks: field(22),
    cpuTicks: Number(field(14)) + Number(field(15)),
  };
  return /^\d+$/.test(stat.startTicks) && Number.isFinite(stat.cpuTicks) ? stat : null;
}

/** Dead, only not yet waited for by its parent. */
export const isZombie = (stat: ProcessStat): boolean => stat.state === 'Z' || stat.state === 'X';

/** Whether a process is there and no zombie. Linux only. */
export const lives = (pid: number): boolean => {
  const stat = statOf(pid);
  return stat !== null && !isZombie(stat);
};

/** Null where there is no such process. Linux only. */
export const groupOf = (pid: number): number | null => statOf(pid)?.group ?? null;

/** Null where there is no such process. Linux only. */
export function statOf(pid: number): ProcessStat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return null;
  }
}

/** Tells a process from a later one of the same pid; null where there is none, or only a zombie. Linux only. */
export const startTicksOf = (pid: number): string | null => {
  const stat = statOf(pid);
  return stat !== null && !isZombie(stat) ? stat.startTicks : null;
};
