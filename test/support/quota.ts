/** A cgroup with a CPU quota, as a container has one: the words that start a program in it. */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from './sandbox.js';

/** Null where this machine lets us make none. */
export function withQuota(scope: Scope, cores: number): string[] | null {
  const name = `canopy-test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const period = 100_000;
  const layouts: { dirs: string[]; limit: [string, string]; members: string }[] = [
    {
      dirs: ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpuacct'],
      limit: ['cpu.cfs_quota_us', String(cores * period)],
      members: 'tasks',
    },
    { dirs: ['/sys/fs/cgroup'], limit: ['cpu.max', `${cores * period} ${period}`], members: 'cgroup.procs' },
  ];
  for (const { dirs, limit, members } of layouts) {
    const made = dirs.map(dir => join(dir, name));
    try {
      for (const dir of made) mkdirSync(dir);
      writeFileSync(join(made[0] as string, limit[0]), limit[1]);
    } catch {
      remove(made);
      continue;
    }
    scope.after(async () => remove(made));
    const enter = made.map(dir => `echo $$ >${dir}/${members}`).join('; ');
    return ['sh', '-c', `${enter}; exec "$@"`, 'sh'];
  }
  return null;
}

function remove(dirs: readonly string[]): void {
  for (const dir of dirs) {
    try {
      rmdirSync(dir);
    } catch {
      // never made, or still in use: it goes with the machine
    }
  }
}
