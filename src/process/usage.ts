/** What a process uses. On Linux read straight from /proc: pidusage costs several times as much per call. */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import pidusage from 'pidusage';
import { mono } from './mono.js';
import { isZombie, type ProcessStat, parseStat } from './stat.js';

export interface Usage {
  /** Fraction of one core since the last call for this pid; at the first call, since the process started. */
  cpu: number;
  /** Bytes in memory. */
  rss: number;
}

interface Sample {
  startTicks: string;
  cpuTicks: number;
  /** Milliseconds on a clock that is never set. */
  at: number;
}

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const samples = new Map<number, Sample>();
const buffer = Buffer.alloc(1024);
let pageSize = 0;

/** Null where no such process lives. Call `forgetUsage` once you no longer ask for a pid. */
export async function usage(pid: number): Promise<Usage | null> {
  return process.platform === 'linux' ? fromProc(pid) : fromLibrary(pid);
}

/** Drops what is remembered of a pid. */
export function forgetUsage(pid: number): void {
  samples.delete(pid);
}

function fromProc(pid: number): Usage | null {
  const stat = readStat(pid);
  if (!stat || isZombie(stat)) {
    samples.delete(pid);
    return null;
  }
  const now: Sample = { startTicks: stat.startTicks, cpuTicks: stat.cpuTicks, at: mono() };
  const before = samples.get(pid);
  samples.set(pid, now);
  return { cpu: cpuSince(before, now), rss: residentPages(pid) * bytesPerPage() };
}

function cpuSince(before: Sample | undefined, now: Sample): number {
  const same = before !== undefined && before.startTicks === now.startTicks;
  const ticks = now.cpuTicks - (same ? before.cpuTicks : 0);
  const elapsed = same ? (now.at - before.at) / 1000 : secondsSinceBoot() - Number(now.startTicks) / 100;
  return elapsed > 0 ? Math.max(0, ticks / TICKS_PER_SECOND / elapsed) : 0;
}

const readStat = (pid: number): ProcessStat | null => parseStat(read(`/proc/${pid}/stat`));

/**
 * 0 for one that is gone. From statm, which sums what all processors have counted: newer kernels leave that out of stat,
 * which is then wrong by up to some hundred KB per processor (proc(5): "inaccurate").
 */
export const residentPages = (pid: number): number =>
  Number(read(`/proc/${pid}/statm`).split(' ', 2)[1] ?? 0);

/**
 * Empty where there is no such process. Synchronous on purpose: /proc never waits for a disk, and the thread pool costs
 * more than the read.
 */
function read(file: string): string {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return '';
    throw error;
  } finally {
    closeSync(fd);
  }
}

const secondsSinceBoot = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

/** Our own memory in bytes over the same in pages: Node has no other way to say how large a page is. */
export function bytesPerPage(): number {
  if (pageSize === 0) {
    const pages = residentPages(process.pid);
    pageSize = pages ? 2 ** Math.round(Math.log2(process.memoryUsage.rss() / pages)) : 4096;
  }
  return pageSize;
}

async function fromLibrary(pid: number): Promise<Usage | null> {
  try {
    const { cpu, memory } = await pidusage(pid);
    return { cpu: cpu / 100, rss: memory };
  } catch {
    // It fails for a process that is gone, without a code of its own.
    return null;
  }
}
