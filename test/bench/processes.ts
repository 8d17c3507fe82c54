/** What processes of this machine use, read from /proc. */
import { readdirSync, readFileSync } from 'node:fs';

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // gone meanwhile
  }
};

/** A process and all that descends from it, those that are to be left out and their descendants left out. */
export function family(top: number, without: ReadonlySet<number>): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter(it => /^\d+$/.test(it))) {
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const below = (pid: number): number[] =>
    without.has(pid) ? [] : [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(top);
}

/** Bytes: each process by itself, and with what it shares divided among those that share it. */
export function memory(pids: readonly number[]): { rss: number; pss: number } {
  const sum = (field: string): number =>
    pids.reduce((all, pid) => {
      const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/smaps_rollup`));
      return all + Number(line?.[1] ?? 0) * 1024;
    }, 0);
  return { rss: sum('Rss'), pss: sum('Pss') };
}

/** Milliseconds of CPU that they have used so far, all threads. */
export function cpuMs(pids: readonly number[]): number {
  const threads = pids.flatMap(pid => {
    try {
      return readdirSync(`/proc/${pid}/task`).map(thread => `/proc/${pid}/task/${thread}/schedstat`);
    } catch {
      return [];
    }
  });
  return threads.reduce((all, file) => all + Number(read(file).split(' ')[0] ?? 0), 0) / 1e6;
}
