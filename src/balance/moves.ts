/** Which instances are moved from loaded to idle machines: few, and only where it is worth it. */
import type { NodeRecord } from '../core/node-record.js';
import { fitnessOf, type Reader } from './fitness.js';
import { loadOf, STEP, weightOf } from './load.js';

export interface MoveRules {
  /** Moves at the most. */
  readonly maxMoves: number;
  /** How much more loaded (0 to 1) a machine has to be than the other for a move to be worth it. */
  readonly hysteresis: number;
}

export interface Move {
  readonly from: string;
  readonly to: string;
  /** Load of the two machines as it was measured. */
  readonly fromLoad: number;
  readonly toLoad: number;
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

/**
 * Pairs the running instance on the most loaded machine with the free slot on the least loaded one, and goes on with what the
 * loads would be after it. A move that would only swap which of the two is the loaded one is not made.
 */
export function movesOf(
  registry: Reader,
  leaves: readonly NodeRecord[],
  { maxMoves, hysteresis }: MoveRules,
  mono: number,
): Move[] {
  const at = (wanted: 'running' | 'free'): NodeRecord[] =>
    leaves.filter(record => fitnessOf(registry, record, mono) === wanted);
  // One that still stops would keep the other waiting, and its machine is not what it will be.
  const [running, free] = [at('running'), at('free').filter(({ phase }) => phase !== 'stopping')];
  const loads = new Map<string, number>();
  for (const record of [...running, ...free]) loads.set(machineOf(record), loadOf(record));
  const loadAt = (record: NodeRecord): number => loads.get(machineOf(record)) ?? 0;
  const moves: Move[] = [];
  while (moves.length < maxMoves) {
    const from = extreme(running, (a, b) => loadAt(b) - loadAt(a));
    const to = extreme(free, (a, b) => loadAt(a) - loadAt(b));
    if (!from || !to || machineOf(from) === machineOf(to)) break;
    const weight = weightOf(from) || STEP;
    const [high, low] = [loadAt(from), loadAt(to)];
    if (high - low <= hysteresis || high - weight < low + weight) break;
    moves.push({ from: from.path, to: to.path, fromLoad: rounded(high), toLoad: rounded(low) });
    loads.set(machineOf(from), high - weight);
    loads.set(machineOf(to), low + weight);
    running.splice(running.indexOf(from), 1);
    free.splice(free.indexOf(to), 1);
  }
  return moves;
}

const machineOf = ({ host, path }: NodeRecord): string => host?.name ?? path;

const extreme = (
  records: readonly NodeRecord[],
  compare: (a: NodeRecord, b: NodeRecord) => number,
): NodeRecord | undefined => records.toSorted((a, b) => compare(a, b) || (a.path < b.path ? -1 : 1))[0];
