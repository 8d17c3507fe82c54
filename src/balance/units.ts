/** What a node has right below it of one app: leaves, and relays by the roll-ups that they send. */
import { hasLabel } from '../core/labels.js';
import { isStandIn, type NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { fitnessOf, isFit } from './fitness.js';
import { loadOf, STEP, startLoadOf, weightOf } from './load.js';

export interface Service {
  readonly app: string;
  /** `key=value`: only the slots that carry it. */
  readonly label?: string;
}

/** One place right below a node where instances run or could: a leaf has room for one, a relay for many. */
export interface Unit {
  readonly path: string;
  readonly kind: 'leaf' | 'relay';
  readonly slots: number;
  readonly running: number;
  readonly held: number;
  readonly ailing: number;
  readonly free: number;
  /** A leaf whose target is being stopped: whether a start waits behind that is not known. */
  readonly isStopping?: boolean;
  /** Load of the machine that a start would go to, and of the one that a stop would relieve. */
  readonly startLoad: number;
  readonly stopLoad: number;
  /** What an instance more adds to a load. */
  readonly step: number;
}

export type Whole = Pick<Registry, 'get' | 'all' | 'childrenOf'>;

/** In order of their paths; those that nothing can be asked of are left out. */
export function unitsOf(registry: Whole, service: Service, mono: number, path = ''): Unit[] {
  return registry.childrenOf(path).flatMap(child => {
    const record = registry.get(child);
    if (!record) return [];
    if (record.kind === 'leaf') return leafUnit(registry, record, service, mono) ?? [];
    // A plain MQTT bridge answers no commands: what is below it is dealt with from here.
    if (isStandIn(record)) return unitsOf(registry, service, mono, child);
    return relayUnit(registry, record, service, mono) ?? [];
  });
}

export const isOf = ({ app, labels }: NodeRecord, service: Service): boolean =>
  app === service.app && (service.label === undefined || hasLabel(labels, service.label));

function leafUnit(registry: Whole, record: NodeRecord, service: Service, mono: number): Unit | null {
  if (!isOf(record, service)) return null;
  const fitness = fitnessOf(registry, record, mono);
  if (fitness === 'gone' || fitness === 'out') return null;
  const of = (...those: (typeof fitness)[]): number => (those.includes(fitness) ? 1 : 0);
  return {
    path: record.path,
    kind: 'leaf',
    slots: 1,
    running: of('running', 'held'),
    held: of('held'),
    ailing: of('ailing'),
    free: of('free'),
    isStopping: record.phase === 'stopping',
    startLoad: startLoadOf(record),
    stopLoad: loadOf(record),
    step: weightOf(record) || STEP,
  };
}

const own = <T>(of: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  of !== undefined && Object.hasOwn(of, key) ? of[key] : undefined;

function relayUnit(registry: Whole, record: NodeRecord, service: Service, mono: number): Unit | null {
  // An app may be called as something that every object has.
  const whole = own(record.beat?.apps, service.app);
  const has = service.label === undefined ? whole : own(whole?.labels, service.label);
  if (!whole || !has || record.link !== 'online') return null;
  const fit = isFit(registry, record, mono);
  const { slots, running } = has;
  return {
    path: record.path,
    kind: 'relay',
    slots,
    running,
    held: fit ? (has.held ?? 0) : running,
    ailing: fit ? (has.ailing ?? 0) : 0,
    free: fit ? has.free : 0,
    startLoad: whole.least ?? 1,
    stopLoad: whole.most ?? 0,
    step: STEP,
  };
}
