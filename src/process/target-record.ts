/** What the wrapper leaves in the data directory: who the target is, and how it ended. */
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { ProcessIdentity } from './identity.js';
import type { Exit } from './spawn.js';

export interface TargetRecord extends ProcessIdentity {
  /** Of the launch; its exit is recorded under the same. */
  readonly token: string;
  /** Its process group: the wrapper's. */
  readonly group: number;
}

/** Null where there is none, or one that was cut off in the writing. */
export async function readRecord(dataDir: string): Promise<TargetRecord | null> {
  const text = await textOf(join(dataDir, 'target.pid'));
  const [pid, startTime, bootId, token, group, ...more] = text.trim().split(' ');
  const [number, leader] = [Number(pid), Number(group)];
  const whole = text.endsWith('\n') && token !== undefined && more.length === 0 && leader > 1;
  if (!whole || !Number.isSafeInteger(number) || number <= 1) return null;
  return { pid: number, startTime: startTime as string, bootId: bootId as string, token, group: leader };
}

/** How the launch of this token ended; null where that was not recorded. */
export async function readExit(dataDir: string, token: string): Promise<Exit | null> {
  const text = await textOf(join(dataDir, 'target.exit'));
  const [of, code] = text.trim().split(' ');
  return text.endsWith('\n') && of === token && /^\d+$/.test(code ?? '') ? shellExit(Number(code)) : null;
}

const SIGNALS = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
);

/** A shell says 128 + n of what signal n ended (POSIX, 2.8.2); a target that itself exits so reads the same. */
export function shellExit(status: number): Exit {
  const signal = status > 128 ? SIGNALS.get(status - 128) : undefined;
  return signal ? { code: null, signal } : { code: status, signal: null };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
