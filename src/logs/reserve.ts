/** Gets blocks for what a target is going to write, if need be in the place of the oldest lines. */
import { type Allocated, reserve } from '../process/fallocate.js';
import type { Keeping } from './keep.js';

/** Bytes reserved at least. */
export const LEAST = 1024 * 1024;
export const BLOCK = 4096;
/** Of what is given back, that much may not be had: halves of blocks, records of the index. */
const SPARE = 64 * 1024;

export const floorTo = (unit: number, bytes: number): number => bytes - (bytes % unit);

export interface Need {
  readonly path: string;
  /** In the file. */
  readonly from: number;
  /** What is before that by now is written, and may be a hole again. */
  readonly seen: () => number;
  /** Bytes from there on that are reserved already, that should be, and that may be. */
  readonly held: number;
  readonly want: number;
  readonly most: number;
  /** The oldest lines go for it; otherwise it is only looked whether there is room. */
  readonly needed: boolean;
  readonly isCurrent: () => boolean;
  readonly keeping: Keeping;
}

export async function extendReserve(need: Need): Promise<{ has: number; outcome: Allocated }> {
  const { path, from, seen, held, want, needed, keeping } = need;
  let has = held;
  let outcome: Allocated = 'done';
  const attempt = async (bytes: number): Promise<void> => {
    const most = floorTo(BLOCK, Math.min(need.most, bytes));
    if (most <= has) return;
    const start = Math.max(from, seen());
    outcome = start < from + most ? await reserve(path, start, from + most - start) : 'done';
    if (outcome === 'done') has = most;
  };
  // Only where it is for want of room, and for this file.
  const lacks = (enough: number): boolean =>
    needed && has < enough && outcome !== 'failed' && need.isCurrent();
  // All that is given back, before somebody else has it; else some of it.
  const makeRoom = async (all: boolean): Promise<boolean> => {
    let done: Promise<void> = Promise.resolve();
    let more = 0;
    const made = await keeping.makeRoom(all, freed => {
      more = freed - SPARE;
      done = attempt(has + more);
    });
    await done;
    if (made && lacks(want)) await attempt(has + more / 4);
    return made;
  };
  // Whether there is room again shows by more than what is held already.
  await attempt(needed ? want : Math.max(want, held + LEAST / 4));
  while (lacks(want) && (await makeRoom(false)));
  // Rather less than all that was said last.
  await attempt(lacks(want) ? want / 4 : 0);
  while (lacks(want / 4) && (await makeRoom(true)));
  for (let more = want / 4; lacks(want / 4) && more > BLOCK; more /= 4) await attempt(has + more);
  return { has, outcome };
}
