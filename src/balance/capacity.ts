/** What a subtree has of each app: the roll-up that goes up with the heartbeat, so that a parent can choose among children. */

import type { AppCapacity, Capacity } from '../core/app-capacity.js';
import { labelsInWords } from '../core/labels.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { type Fitness, fitnessOf } from './fitness.js';
import { loadOf, startLoadOf } from './load.js';

/** More apps than this are not told of: a heartbeat is no inventory. */
const MOST_APPS = 1000;

interface Sum {
  slots: number;
  running: number;
  free: number;
  held: number;
  ailing: number;
}
interface AppSum extends Sum {
  cpu: number;
  rss: number;
  /** Sums over the slots that have told theirs. */
  load: number;
  memory: number;
  measured: number;
  least: number | null;
  most: number | null;
  readonly labels: Map<string, Sum>;
}

const noSum = (): Sum => ({ slots: 0, running: 0, free: 0, held: 0, ailing: 0 });
// In full, and told of by what is added to one object: a fleet has thousands, made anew at every heartbeat.
const noAppSum = (): AppSum => ({
  slots: 0,
  running: 0,
  free: 0,
  held: 0,
  ailing: 0,
  cpu: 0,
  rss: 0,
  load: 0,
  memory: 0,
  measured: 0,
  least: null,
  most: null,
  labels: new Map(),
});

export function capacities(
  registry: Pick<Registry, 'get' | 'all'>,
  mono: number,
): Record<string, AppCapacity> {
  const apps = new Map<string, AppSum>();
  for (const record of registry.all()) {
    if (record.kind !== 'leaf' || record.app === null) continue;
    const known = apps.get(record.app);
    if (!known && apps.size >= MOST_APPS) continue;
    const sum = known ?? noAppSum();
    if (!known) apps.set(record.app, sum);
    addLeaf(sum, record, fitnessOf(registry, record, mono));
  }
  return Object.fromEntries(Array.from(apps, ([app, sum]) => [app, told(sum)]));
}

function addLeaf(sum: AppSum, record: NodeRecord, fitness: Fitness): void {
  count(sum, fitness);
  for (const label of labelsInWords(record.labels)) {
    const of = sum.labels.get(label) ?? noSum();
    sum.labels.set(label, of);
    count(of, fitness);
  }
  const { beat } = record;
  if (beat?.load !== undefined && fitness !== 'gone') {
    sum.load += beat.load;
    sum.memory += beat.memory ?? 0;
    sum.measured += 1;
  }
  if (fitness === 'free') sum.least = Math.min(sum.least ?? 1, startLoadOf(record));
  if (fitness !== 'running' && fitness !== 'held') return;
  sum.most = Math.max(sum.most ?? 0, loadOf(record));
  sum.cpu += beat?.cpu ?? 0;
  sum.rss += beat?.rss ?? 0;
}

export function count(sum: Sum, fitness: Fitness): void {
  sum.slots += 1;
  if (fitness === 'running' || fitness === 'held') sum.running += 1;
  if (fitness === 'held') sum.held += 1;
  if (fitness === 'free') sum.free += 1;
  if (fitness === 'ailing') sum.ailing += 1;
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function brief({ slots, running, free, held, ailing }: Sum): Capacity {
  const capacity: Writable<Capacity> = { slots, running, free };
  if (held > 0) capacity.held = held;
  if (ailing > 0) capacity.ailing = ailing;
  return capacity;
}

function told(sum: AppSum): AppCapacity {
  const { measured, least, most, labels } = sum;
  const capacity = brief(sum) as Writable<AppCapacity>;
  capacity.cpu = rounded(sum.cpu);
  capacity.rss = sum.rss;
  if (measured > 0) capacity.load = rounded(sum.load / measured);
  if (measured > 0) capacity.memory = rounded(sum.memory / measured);
  if (least !== null) capacity.least = rounded(least);
  if (most !== null) capacity.most = rounded(most);
  if (labels.size > 0)
    capacity.labels = Object.fromEntries(Array.from(labels, ([label, of]) => [label, brief(of)]));
  return capacity;
}
