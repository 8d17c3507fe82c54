/** Sees to it that nothing of a target is left: its group, and those who left it for a session of their own. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cgroup } from '../process/cgroup.js';
import { markedProcesses } from '../process/marked.js';
import { groupAlive, signalGroup, signalProcess } from '../process/signals.js';

/** Milliseconds that what was killed may take to be gone; more means that the kernel holds one of it. */
const GONE_DEADLINE_MS = 1000;
const LOOK_MS = 10;

export interface Remains {
  /** Null where its number may be another's by now. */
  readonly group: number | null;
  readonly cgroup: Cgroup | null;
  readonly mark: string;
}

/** True while anything of it lives. Cheap where there is a cgroup, or where nothing is left of the group. */
function left({ group, cgroup, mark }: Remains): boolean {
  if (group !== null && groupAlive(group, LOOK_MS)) return true;
  return cgroup ? cgroup.members().length > 0 : (markedProcesses(mark) ?? []).length > 0;
}

function killAll({ group, cgroup, mark }: Remains): void {
  if (group !== null) signalGroup(group, 'SIGKILL');
  if (cgroup) return cgroup.kill();
  for (const pid of markedProcesses(mark) ?? []) signalProcess(pid, 'SIGKILL');
}

/** Waits up to `graceMs` for the rest to end by itself, then kills it. */
export async function clearRemains(remains: Remains, graceMs: number): Promise<void> {
  const killAt = performance.now() + graceMs;
  while (left(remains)) {
    if (performance.now() >= killAt) killAll(remains);
    if (performance.now() >= killAt + GONE_DEADLINE_MS) return;
    await pause(LOOK_MS);
  }
}
