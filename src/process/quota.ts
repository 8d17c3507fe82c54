/** The share of the machine's cores that a container or service may use, and how much of it is used: cgroup v2 and v1. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CpuQuota {
  /** Cores, 0.5 for half of one. */
  readonly cores: number;
  /** Milliseconds of all cores used since the cgroup was made. */
  usedMs(): number;
}

/** Null where there is no limit, or none that can be read. See cgroups(7) and the kernel's cgroup-v2 document, cpu.max. */
export function cpuQuota(): CpuQuota | null {
  return fromV2() ?? fromV1();
}

function fromV2(): CpuQuota | null {
  const dir = directory(
    line => line.startsWith('0::'),
    'cgroup2',
    () => true,
  );
  if (dir === null) return null;
  const [most, period] = (read(join(dir, 'cpu.max')) ?? '').trim().split(' ');
  if (!most || most === 'max') return null;
  const usage = /^usage_usec (\d+)/m;
  return {
    cores: Number(most) / Number(period),
    usedMs: () => Number(usage.exec(read(join(dir, 'cpu.stat')) ?? '')?.[1] ?? 0) / 1000,
  };
}

function fromV1(): CpuQuota | null {
  const dirOf = (controller: string): string | null => {
    const names = (text: string | undefined): string[] => (text ?? '').split(',');
    return directory(
      line => names(line.split(':')[1]).includes(controller),
      'cgroup',
      options => names(options).includes(controller),
    );
  };
  const [cpu, account] = [dirOf('cpu'), dirOf('cpuacct')];
  if (cpu === null || account === null) return null;
  const quota = Number(read(join(cpu, 'cpu.cfs_quota_us')) ?? -1);
  const period = Number(read(join(cpu, 'cpu.cfs_period_us')) ?? 100_000);
  if (!(quota > 0)) return null;
  return { cores: quota / period, usedMs: () => Number(read(join(account, 'cpuacct.usage')) ?? 0) / 1e6 };
}

/** Where this process is in one hierarchy, as a directory. */
function directory(
  mine: (line: string) => boolean,
  type: string,
  fits: (options: string) => boolean,
): string | null {
  const mount = (read('/proc/mounts') ?? '')
    .split('\n')
    .map(line => line.split(' '))
    .find(([, , kind, options = '']) => kind === type && fits(options))?.[1];
  const path = (read('/proc/self/cgroup') ?? '').split('\n').find(mine)?.split(':').slice(2).join(':');
  return mount && path ? join(mount, path) : null;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
