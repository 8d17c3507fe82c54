/**
 * Moves running targets that could not begin in their cgroups (see shim-forking.ts), or are taken over, into these: one after the
 * other and never while somebody waits for it, since the kernel takes some 10 ms for a move.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cgroup } from './cgroup.js';
import { descendantsOf } from './descendants.js';
import { markedSoon } from './marked.js';
import { lives, startTicksOf } from './stat.js';

interface Move {
  readonly cgroup: Cgroup;
  readonly pid: number;
  readonly mark: string;
  readonly startTicks: string | null;
  cancelled: boolean;
  readonly done: (inside: boolean) => void;
}

export interface Entering {
  /** Whether it and all that it has started are in; never rejects. */
  readonly inside: Promise<boolean>;
  /** It has ended: its pid may be another's soon. */
  cancel(): void;
}

/** Of one that has begun in it. */
export const ENTERED: Entering = { inside: Promise.resolve(true), cancel: () => {} };

/** Milliseconds that a burst of starts has to be over. */
const QUIET_MS = 20;
/** A target that forks faster than that stays out, and is found by its mark. */
const MOST_SWEEPS = 5;

const queue: Move[] = [];
let working = false;

export function enterCgroup(cgroup: Cgroup, run: Pick<Move, 'pid' | 'startTicks' | 'mark'>): Entering {
  let done: (inside: boolean) => void = () => {};
  const inside = new Promise<boolean>(resolve => {
    done = resolve;
  });
  const move: Move = {
    cgroup,
    ...run,
    cancelled: false,
    done,
  };
  queue.push(move);
  if (!working) void work();
  return {
    inside,
    cancel: () => {
      move.cancelled = true;
    },
  };
}

async function work(): Promise<void> {
  working = true;
  for (let seen = -1; queue.length > 0; seen = -1) {
    while (queue.length !== seen) {
      seen = queue.length;
      await pause(QUIET_MS);
    }
    await moveAll(queue.splice(0));
  }
  working = false;
}

async function moveAll(moves: readonly Move[]): Promise<void> {
  const entered: Move[] = [];
  for (const move of moves) {
    if (await enters(move)) entered.push(move);
    else move.done(false);
  }
  let open = entered;
  // What left a target before it was in, is out; what leaves it after, is in.
  for (let sweep = 0; sweep < MOST_SWEEPS && open.length > 0; sweep++) open = await swept(open);
  for (const move of open) move.done(false);
}

/** Those that had somebody outside, who is in now and may have forked before. */
async function swept(moves: readonly Move[]): Promise<Move[]> {
  const again: Move[] = [];
  for (const [move, marked] of await Promise.all(
    moves.map(async it => [it, await markedSoon(it.mark).catch(() => null)] as const),
  )) {
    if (marked === null) {
      again.push(move); // nobody can be looked for now (EMFILE)
      continue;
    }
    const theirs = descendants(move.pid);
    const members = marked.length + theirs.length > 0 ? move.cgroup.members() : [];
    const outside = [...new Set([...marked, ...theirs])].filter(pid => !members.includes(pid));
    for (const pid of outside) await move.cgroup.enter(pid);
    if (outside.length > 0) again.push(move);
    else move.done(true);
  }
  return again;
}

/** Those that have dropped the mark are known by their parents, as long as these live. */
function descendants(pid: number): number[] {
  try {
    // One that has ended, and is not waited for, enters nothing any more.
    return descendantsOf([pid]).flatMap(one => (lives(one.pid) ? [one.pid] : []));
  } catch {
    return []; // nobody can be looked for now (EMFILE): those with the mark neither
  }
}

async function enters({ cgroup, pid, startTicks, cancelled }: Move): Promise<boolean> {
  if (cancelled || startTicks === null || startTicksOf(pid) !== startTicks) return false;
  return cgroup.members().includes(pid) || cgroup.enter(pid);
}
