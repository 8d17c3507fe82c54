/** Which process a pid means: pids are used again, but not together with the start time and the boot. */

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { isZombie, parseStat } from './stat.js';

export interface ProcessIdentity {
  pid: number;
  /** Linux: clock ticks since boot; elsewhere the date as `ps` prints it. Only good for comparing. */
  startTime: string;
  /** Changes with every boot; '' where the start time is a date. */
  bootId: string;
}

const run = promisify(execFile);

/** Null where no such process lives (a zombie does not). */
export async function processIdentity(pid: number): Promise<ProcessIdentity | null> {
  if (pid === process.pid) {
    own ??= await identityOf(pid);
    return own;
  }
  return identityOf(pid);
}

/** Ours never changes. */
let own: ProcessIdentity | null = null;

async function identityOf(pid: number): Promise<ProcessIdentity | null> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** Whether the process recorded earlier still lives. */
export async function sameProcess(known: ProcessIdentity): Promise<boolean> {
  const now = await processIdentity(known.pid);
  return now !== null && now.startTime === known.startTime && now.bootId === known.bootId;
}

let boot: string | null = null;
/** Of this boot; '' on systems that have none. */
export function bootId(): string {
  if (process.platform !== 'linux') return '';
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

/** Synchronous on purpose: /proc never waits for a disk, and the thread pool costs more than the read. */
function fromProc(pid: number): ProcessIdentity | null {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return stat && !isZombie(stat) ? { pid, startTime: stat.startTicks, bootId: bootId() } : null;
  } catch (error) {
    // ESRCH: it went between opening and reading.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

async function fromPs(pid: number): Promise<ProcessIdentity | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env: ENGLISH });
    const [state = '', ...date] = stdout.trim().split(/\s+/);
    return state.startsWith('Z') || date.length === 0 ? null : { pid, startTime: date.join(' '), bootId: '' };
  } catch (error) {
    // ps ends with 1 where it finds nothing.
    if ((error as { code?: unknown }).code === 1) return null;
    throw error;
  }
}

/** So that the date is printed alike, whatever the language of who asks. */
const ENGLISH = { LC_ALL: 'C', TZ: 'UTC', PATH: '/bin:/usr/bin' };
