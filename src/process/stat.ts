/** /proc/<pid>/stat of Linux, see proc(5). */

/** `startTicks` since boot, `cpuTicks` user and system time; a tick is 1/100 s. `rssPages` in memory pages. */
export interface ProcessStat {
  state: string;
  group: number;
  startTicks: string;
  cpuTicks: number;
  rssPages: number;
}

/** Null for what is not such a line. The name of the command may hold spaces and `)`: count from its last one. */
export function parseStat(line: string): ProcessStat | null {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): string => fields[number - 3] ?? '';
  const stat = {
    state: field(3),
    group: Number(field(5)),
    startTicks: field(22),
    cpuTicks: Number(field(14)) + Number(field(15)),
    rssPages: Number(field(24)),
  };
  return /^\d+$/.test(stat.startTicks) && Number.isFinite(stat.cpuTicks) ? stat : null;
}

/** Dead, only not yet waited for by its parent. */
export const isZombie = (stat: ProcessStat): boolean => stat.state === 'Z' || stat.state === 'X';
