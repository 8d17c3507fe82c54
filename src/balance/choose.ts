/** Which of several are chosen, by a strategy. Pure, but for the random numbers that are handed in. */
import { MOST_INSTANCES } from '../core/app-capacity.js';

export const STRATEGIES = ['least-loaded', 'most-loaded', 'spread', 'pack'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export interface Candidate {
  readonly key: string;
  /** 0 to 1. */
  readonly load: number;
  /** How often it may be chosen at the most. */
  readonly room: number;
  /** How many run in it already: what `spread` levels out and `pack` heaps up. */
  readonly count: number;
  /** Those of one group (a machine, a child) share their count; left out, each is its own. */
  readonly group?: string;
  /** What each choice adds to its load. */
  readonly step: number;
}

interface Tally {
  load: number;
  taken: number;
}

export interface ChoiceOptions {
  /** Random numbers from 0 to 1; with them, least-loaded looks at two only. */
  readonly sampled?: () => number;
  /** What a choice does to the count of its group: one more is started there, or one fewer is left. */
  readonly change?: 1 | -1;
}

/**
 * Keys in the order of choosing, `count` of them or as many as there is room for. `sampled`: least-loaded takes the better of
 * two at random instead of the best of all: figures are a heartbeat old, and all who look at them would rush to the same one
 * (Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, 2001).
 */
export function choose(
  candidates: readonly Candidate[],
  count: number,
  strategy: Strategy,
  { sampled, change = 1 }: ChoiceOptions = {},
): string[] {
  const tallies = new Map(candidates.map(({ key, load }) => [key, { load, taken: 0 }]));
  const groups = new Map<string, number>();
  for (const { key, group = key, count: runs } of candidates)
    groups.set(group, (groups.get(group) ?? 0) + runs);
  const compare = COMPARE[strategy];
  const chosen: string[] = [];
  while (chosen.length < Math.min(count, MOST_INSTANCES)) {
    const open = candidates.filter(({ key, room }) => (tallies.get(key) as Tally).taken < room);
    if (open.length === 0) break;
    const among = sampled && strategy === 'least-loaded' ? two(open, sampled) : open;
    const seen = (it: Candidate): Seen => ({
      load: (tallies.get(it.key) as Tally).load,
      count: groups.get(it.group ?? it.key) ?? 0,
      key: it.key,
    });
    const best = among.reduce((a, b) => (compare(seen(b), seen(a)) < 0 ? b : a));
    const tally = tallies.get(best.key) as Tally;
    tally.taken += 1;
    tally.load += best.step;
    const group = best.group ?? best.key;
    groups.set(group, (groups.get(group) ?? 0) + change);
    chosen.push(best.key);
  }
  return chosen;
}

interface Seen {
  readonly load: number;
  readonly count: number;
  readonly key: string;
}
type Compare = (a: Seen, b: Seen) => number;

const byKey: Compare = (a, b) => (a.key < b.key ? -1 : 1);
const COMPARE: Readonly<Record<Strategy, Compare>> = {
  'least-loaded': (a, b) => a.load - b.load || a.count - b.count || byKey(a, b),
  'most-loaded': (a, b) => b.load - a.load || byKey(a, b),
  spread: (a, b) => a.count - b.count || a.load - b.load || byKey(a, b),
  pack: (a, b) => b.count - a.count || a.load - b.load || byKey(a, b),
};

function two(open: readonly Candidate[], random: () => number): Candidate[] {
  if (open.length <= 2) return [...open];
  const first = Math.floor(random() * open.length);
  const second = (first + 1 + Math.floor(random() * (open.length - 1))) % open.length;
  return [open[first] as Candidate, open[second] as Candidate];
}
