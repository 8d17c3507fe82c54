/** Targets for leaves: small programs that need no more than a shell, and what they say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from './sandbox.js';
import { until } from './wait.js';

/** Lives until it is told to end. */
export const STEADY = 'sleep 3600';
export const CRASHING = "sh -c 'echo crashing; exit 3'";
export const MISSING = '/nowhere/no-such-program';
/** Ignores TERM, and so does what it becomes. */
export const STUBBORN = `sh -c 'trap "" TERM; echo ready; exec sleep 3600'`;
/** Says when HUP reaches it. */
export const HUP_AWARE = `sh -c 'trap "echo got HUP" HUP; echo ready; while :; do sleep 3600 & wait; done'`;
/** Ends on TERM and leaves a child behind that ignores it. */
export const FORKING = `sh -c '(trap "" TERM; echo ready; exec sleep 3600) & echo child $!; wait'`;

/** What a leaf's target has written so far. */
export function outputOf(dataDir: string): string {
  const logs = join(dataDir, 'logs');
  try {
    const names = readdirSync(logs).filter(name => /^std(out|err)\.\d/.test(name));
    const byStart = (name: string): number => Number(name.split('.')[1]);
    const files = names.sort((a, b) => byStart(a) - byStart(b) || (a < b ? 1 : -1));
    return files.map(name => readFileSync(join(logs, name), 'utf8')).join('');
  } catch {
    return '';
  }
}

/** Waits until a target has written something that matches. */
export async function targetSaid(
  dataDir: string,
  pattern: RegExp,
  deadlineMs = 5000,
): Promise<RegExpExecArray> {
  return until(() => pattern.exec(outputOf(dataDir)), deadlineMs, `the log in ${dataDir} has ${pattern}`);
}

/** Whether a process lives; a zombie does not. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** What follows this prefix in the numbers of all `sleep` targets that really run, as the machine itself says. */
export const sleepers = (box: Sandbox, prefix: string): string[] =>
  box
    .processes()
    .map(({ command }) => new RegExp(`^sleep ${prefix}(\\d+)$`).exec(command)?.[1] ?? '')
    .filter(Boolean)
    .sort();
