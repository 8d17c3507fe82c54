/** Sees to it that nothing of a target is left: its group, and those who left it for a session of their own. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cgroup } from '../process/cgroup.js';
import { descendantsOf, type Known, stillLives } from '../process/descendants.js';
import { markedSoon } from '../process/marked.js';
import { groupAliveSoon, signalGroup, signalProcess } from '../process/signals.js';
import { groupOf } from '../process/stat.js';

/** Milliseconds that what was killed may take to be gone; more means that the kernel holds one of it. */
const GONE_DEADLINE_MS = 1000;
const LOOK_MS = 10;

export interface Remains {
  /** Null where its number may be another's by now. */
  readonly group: number | null;
  readonly cgroup: Cgroup | null;
  /** Some of it may be outside the cgroup: looked for by the mark. */
  readonly outside: boolean;
  readonly mark: string;
  /** Descendants seen while the tree was whole: they may have dropped the mark. */
  readonly known?: readonly Known[];
}

/** True while anything of it lives. Cheap where all was in a cgroup, and where nothing is left of the group. */
async function left({ group, cgroup, outside, mark, known = [] }: Remains): Promise<boolean> {
  // Where nobody can be looked for (EMFILE) there may be some.
  if (group !== null && (await groupAliveSoon(group).catch(() => true))) return true;
  if (cgroup !== null && cgroup.members().length > 0) return true;
  if (known.some(stillLives)) return true;
  return outside && ((await markedSoon(mark).catch(() => null))?.length ?? 1) > 0;
}

export async function killAll({ group, cgroup, outside, mark, known = [] }: Remains): Promise<void> {
  const descendants = withTheirs(known.filter(stillLives));
  if (group !== null) signalGroup(group, 'SIGKILL');
  cgroup?.kill();
  for (const { pid } of descendants) signalProcess(pid, 'SIGKILL');
  if (outside) for (const pid of await markedSoon(mark).catch(() => [])) signalProcess(pid, 'SIGKILL');
}

/** With what they have started since. */
const withTheirs = (living: Known[]): Known[] =>
  living.length === 0 ? living : [...living, ...descendantsOf(living.map(({ pid }) => pid))];

/** That it is to end. */
export interface Word {
  readonly signal: NodeJS.Signals;
  /** Groups that have had it: there are programs that take a second one for impatience. */
  readonly heard: readonly number[];
}

/** Whoever left the group hears of a stop only now: as under systemd, he may end by himself. */
async function tell({ cgroup, outside, mark, known = [] }: Remains, { signal, heard }: Word): Promise<void> {
  const descendants = withTheirs(known.filter(stillLives)).map(({ pid }) => pid);
  const marked = outside ? await markedSoon(mark).catch(() => []) : [];
  for (const pid of new Set([...(cgroup?.members() ?? []), ...descendants, ...marked]))
    if (!heard.includes(groupOf(pid) ?? 0)) unlessForeign(pid, signal);
}

/** One that has become another user's (EPERM) keeps nobody else from hearing it. */
function unlessForeign(pid: number, signal: NodeJS.Signals): void {
  try {
    signalProcess(pid, signal);
  } catch {
    // it is killed in its time
  }
}

/** Gives the rest up to `graceMs` to end by itself, by `word` where it has not heard that it is to, then kills it. */
export async function clearRemains(
  remains: Remains,
  graceMs: number,
  word: Word | null = null,
): Promise<void> {
  const killAt = performance.now() + graceMs;
  let untold = graceMs > 0 ? word : null;
  while (await left(remains)) {
    if (untold) await tell(remains, untold).catch(() => {}); // EMFILE: they are killed in their time
    untold = null;
    // What can't be killed (EPERM, EMFILE) is looked at again, as long as any.
    if (performance.now() >= killAt) await killAll(remains).catch(() => {});
    if (performance.now() >= killAt + GONE_DEADLINE_MS) return;
    await pause(LOOK_MS);
  }
}
