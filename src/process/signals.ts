/** Signals by name, and to a whole process group. */

import { constants } from 'node:os';
import { livingGroups, livingGroupsSoon } from './groups.js';

const NAMES = Object.entries(constants.signals) as [NodeJS.Signals, number][];

/** `SIGHUP` for HUP, SIGHUP, hup or 1; null for what this machine has no signal of. */
export function signalName(text: string): NodeJS.Signals | null {
  const wanted = text.trim().toUpperCase();
  const full = `SIG${wanted.replace(/^SIG/, '')}`;
  return NAMES.find(([name, number]) => name === full || String(number) === wanted)?.[0] ?? null;
}

/**
 * Sends a signal to every process of the group that `pid` leads; false where none is left.
 * @throws the error of kill(2) other than ESRCH, such as EPERM
 */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  return kill(-leader(pid), signal);
}

/**
 * True while a process of the group lives. Where the machine can tell, a zombie that nobody has waited for does not
 * count: after us that is up to an init, which may be slow, or missing in a container.
 */
export function groupAlive(pid: number): boolean {
  return alive(-leader(pid)) && (livingGroups()?.has(pid) ?? true);
}

/** The same for many who ask at once; no look at all where the group is gone. */
export async function groupAliveSoon(pid: number): Promise<boolean> {
  return alive(-leader(pid)) && ((await livingGroupsSoon())?.has(pid) ?? true);
}

/** Sends a signal to one process; false where it is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) throw new RangeError(`not a process: ${pid}`);
  return kill(pid, signal);
}

/** True while the process exists, a zombie that nobody has waited for included. */
export function processAlive(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 0 && alive(pid);
}

/** 0, 1 and negatives would reach our own group, or every process there is. */
function leader(pid: number): number {
  if (!Number.isSafeInteger(pid) || pid <= 1) throw new RangeError(`not the leader of a group: ${pid}`);
  return pid;
}

function alive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    // It exists, only not for us to signal.
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return true;
    throw error;
  }
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
