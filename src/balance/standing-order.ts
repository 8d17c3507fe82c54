/** A standing order: so many instances of an app are kept running below a node. Deciding only; `at` is monotonic ms. */

import { ancestors } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import { verdict } from '../core/verdict.js';
import type { Strategy } from './choose.js';
import { type Fitness, fitnessOf, isMeant, type Reader } from './fitness.js';
import type { Service } from './units.js';

/** Who goes when a lost instance is back and there is one too many. */
export const SURPLUS_RULES = ['original', 'replacement', 'longest'] as const;
export type SurplusRule = (typeof SURPLUS_RULES)[number];

export interface StandingOrder extends Service {
  readonly count: number;
  readonly strategy: Strategy;
  /** Seconds that a lost or failing instance has to come back before it is replaced. */
  readonly lostAfter: number;
  /** Which of them is kept: the one that was there first, its replacement, or the one that has run longest. */
  readonly surplus: SurplusRule;
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Paths of those that were started in the place of lost ones, oldest first. */
  readonly replacements: readonly string[];
}

export const keyOf = ({ app, label }: Service): string => (label === undefined ? app : `${app} ${label}`);

export interface Instance {
  readonly path: string;
  readonly fitness: Fitness;
  /** Ready to serve, not only on its way. */
  readonly ready: boolean;
  /** Meant to run, as far as was heard. */
  readonly meant: boolean;
  /** Seconds that its target runs. */
  readonly uptime: number;
  /** Monotonic ms since when it is as it is: lost, or failing. */
  readonly sinceMono: number;
}

export function instanceOf(registry: Reader, record: NodeRecord, mono: number): Instance {
  const { status, blockedBy } = verdict(registry, record);
  const hop = blockedBy === null ? record : (registry.get(blockedBy) ?? record);
  // One behind a hop that is back is back as well.
  const above = ancestors(record.path).map(path => registry.get(path)?.linkAt.mono ?? 0);
  const changed = Math.max(record.linkAt.mono, record.factsAt.mono, ...above);
  return {
    path: record.path,
    fitness: fitnessOf(registry, record, mono),
    // Before its first heartbeat nobody knows how long it has run, nor may it be chosen: another one would be, for want of it.
    ready: status === 'up' && record.beat !== null,
    meant: isMeant(record),
    uptime: record.beat?.uptime ?? 0,
    sinceMono: blockedBy === null ? changed : hop.linkAt.mono,
  };
}

export type Decision =
  | { readonly do: 'nothing'; readonly missing: number }
  /** As many as now, and so many more; failing ones are stopped first where others are free. */
  | { readonly do: 'start'; readonly count: number; readonly instead: readonly string[] }
  | { readonly do: 'stop'; readonly paths: readonly string[] };

/**
 * `begun`: monotonic ms since when this node has been listening: what it has not heard of by then may be on its way back, so
 * that nothing is replaced before `lostAfter` has passed.
 */
export function decide(
  order: StandingOrder,
  instances: readonly Instance[],
  { now, begun }: { now: number; begun: number },
): Decision {
  const running = instances.filter(({ fitness }) => fitness === 'running' || fitness === 'held');
  const graceMs = order.lostAfter * 1000;
  const awaited = instances.filter(
    ({ fitness, meant, sinceMono }) =>
      meant && (fitness === 'gone' || fitness === 'ailing' || fitness === 'out') && now - sinceMono < graceMs,
  );
  const short = order.count - running.length - awaited.length;
  if (short > 0 && now - begun >= graceMs) {
    const instead = pathsOf(instances, 'ailing').slice(0, pathsOf(instances, 'free').length);
    return { do: 'start', count: running.length + short, instead };
  }
  const surplus = surplusOf(order, running, instances);
  return surplus.length > 0
    ? { do: 'stop', paths: surplus }
    : { do: 'nothing', missing: Math.max(0, order.count - running.length) };
}

/**
 * Whether a decision follows from instances that were lost, or are back, and not from what somebody else has started or stopped: each
 * replacement is for one that was lost, and goes, or another one for it, when that is back.
 */
export function followsLoss(
  { replacements }: StandingOrder,
  instances: readonly Instance[],
  decision: Decision,
): boolean {
  const count = (...wanted: Fitness[]): number =>
    instances.filter(({ fitness, meant }) => meant && wanted.includes(fitness)).length;
  if (decision.do === 'stop') return decision.paths.length <= replacements.length + count('ailing');
  if (decision.do === 'nothing') return true;
  const running = instances.filter(({ fitness }) => fitness === 'running' || fitness === 'held').length;
  return decision.count - running <= count('gone', 'ailing', 'out') - replacements.length;
}

/** Only what is ready counts as being back: else the one would be stopped before the other serves. */
function surplusOf(
  order: StandingOrder,
  running: readonly Instance[],
  instances: readonly Instance[],
): string[] {
  const ready = running.filter(instance => instance.ready);
  const excess = ready.length - order.count;
  // Failing ones are stopped as soon as there are enough without them.
  const ailing = pathsOf(instances, 'ailing');
  if (excess <= 0) return excess === 0 && running.length === ready.length ? ailing : [];
  const movable = ready.filter(({ fitness }) => fitness === 'running');
  const inOrder = movable.toSorted((a, b) => goesBefore(order, a, b) || nearer(a.path, b.path));
  return [...inOrder.slice(0, excess).map(({ path }) => path), ...ailing];
}

const pathsOf = (instances: readonly Instance[], wanted: Fitness): string[] =>
  instances.filter(({ fitness }) => fitness === wanted).map(({ path }) => path);

/** What is right below goes first: a relay may have orders of its own for what is below it. */
const nearer = (a: string, b: string): number =>
  a.split('/').length - b.split('/').length || (a < b ? 1 : -1);

/** Negative where `a` is the first to go. */
function goesBefore({ surplus, replacements }: StandingOrder, a: Instance, b: Instance): number {
  if (surplus === 'longest') return a.uptime - b.uptime;
  // The latest replacement is at the end of the list; originals are not in it at all.
  const [inA, inB] = [replacements.indexOf(a.path), replacements.indexOf(b.path)];
  if (surplus === 'original') return inB - inA;
  return Number(inA >= 0) - Number(inB >= 0) || b.sinceMono - a.sinceMono;
}

/** The order after instances were started or stopped under it. */
export function afterwards(
  order: StandingOrder,
  { started = [], stopped = [] }: { started?: readonly string[]; stopped?: readonly string[] },
): StandingOrder {
  const left = order.replacements.filter(path => !stopped.includes(path) && !started.includes(path));
  // An original that went for its replacement has been succeeded by it.
  const succeeded = stopped.filter(path => !order.replacements.includes(path)).length;
  const kept = order.surplus === 'replacement' ? left.slice(succeeded) : left;
  return { ...order, replacements: [...kept, ...started] };
}
