/** What an observer has told of each node, and what is to be told next: one transition per change, none for what is hidden. */
import type { Moment } from './clock.js';
import type { Status } from './facts.js';
import { graceEnd, graceOf } from './hidden.js';
import { maintenanceAt } from './maintenance.js';
import { ancestors } from './names.js';
import type { NodeRecord } from './node-record.js';
import type { Registry } from './registry.js';
import type { Transition } from './transition.js';
import { verdict } from './verdict.js';

/** The last that was told of a node. */
export interface Told extends Pick<Transition, 'kind' | 'app' | 'labels' | 'epoch' | 'at'> {
  readonly status: Status;
}

export interface ObservationPorts {
  readonly registry: Pick<Registry, 'get' | 'childrenOf' | 'graceMs' | 'vigil'>;
  /** Ms: of a node that has not said its own. */
  readonly intervalMs: number;
  /** Until then (monotonic ms) nobody is `unknown` yet: the observer itself has only just begun. */
  readonly settledAt: number;
  readonly isFlapping?: (path: string) => boolean;
}

/** Of a node's own intervals, after a hop above it has healed. */
const GRACE_BEATS = 2;

export class Observation {
  private readonly told = new Map<string, Told>();
  /** Monotonic ms at which a node is to be looked at though nothing has come of it. */
  private readonly due = new Map<string, number>();
  private readonly broken = new Set<string>();

  constructor(private readonly ports: ObservationPorts) {}

  /** What an earlier run of this observer has told last: only what differs is told again. */
  recall(path: string, told: Told): void {
    this.told.set(path, told);
    this.due.set(path, this.ports.settledAt);
  }

  /** Nodes that are to be looked at in time. */
  get waiting(): number {
    return this.due.size;
  }

  /** How each node is by what was told of it last. */
  standing(): Transition[] {
    return Array.from(this.told, ([path, last]) => ({
      ...fromTold(path, last),
      from: null,
      to: last.status,
    }));
  }

  /** Something may have changed of a node. `since`: when it became so, as far as its sender can tell (ms, our clock). */
  look(path: string, at: Moment, since = at.now): Transition | null {
    const record = this.ports.registry.get(path);
    if (!record) return null;
    this.watchHop(record, at);
    const { status, cause } = verdict(this.ports.registry, record, at.mono);
    this.due.delete(path);
    if (status === 'unreachable') return null;
    if (status === 'unknown' && this.isTooEarly(record, at)) return null;
    const last = this.told.get(path);
    // That nothing is known of a node is nothing to tell, unless something was.
    if (last?.status === status || (!last && status === 'unknown')) return null;
    const when = Math.min(at.now, Math.max(since, last?.at ?? 0));
    const told = { ...this.describe(record), at: when, cause };
    const { kind, app, labels, epoch } = told;
    this.told.set(path, { kind, app, labels, epoch, at: when, status });
    return { ...told, from: last?.status ?? null, to: status };
  }

  /** What time alone has changed by now. */
  late(at: Moment): Transition[] {
    const found: Transition[] = [];
    for (const [path, due] of this.due) {
      if (due > at.mono) continue;
      this.due.delete(path);
      const told = this.ports.registry.get(path) ? this.look(path, at) : this.missing(path, at);
      if (told) found.push(told);
    }
    return found;
  }

  forgotten(path: string, now: number): Transition | null {
    const last = this.told.get(path);
    this.told.delete(path);
    this.due.delete(path);
    this.broken.delete(path);
    return last ? { ...fromTold(path, last), at: Math.max(now, last.at), to: null } : null;
  }

  /** An earlier run knew it, and nobody has spoken since of it or of what is above it. */
  private missing(path: string, { now }: Moment): Transition | null {
    const last = this.told.get(path);
    const isBehind = ancestors(path).some(above => this.told.has(above) && !this.ports.registry.get(above));
    if (!last || last.status === 'unknown' || isBehind) return null;
    this.told.set(path, { ...last, status: 'unknown', at: now });
    const reason = 'not heard of since this node was started';
    return { ...fromTold(path, last), at: now, to: 'unknown', reason };
  }

  /** Behind a hop that is back, each node has its own grace: looked at when it speaks, or at the end of it. */
  private watchHop({ path, link }: NodeRecord, at: Moment): void {
    if (link !== 'online') return void this.broken.add(path);
    if (!this.broken.delete(path)) return;
    for (const below of this.below(path)) this.due.set(below, at.mono + this.graceMs(below));
  }

  private isTooEarly(record: NodeRecord, at: Moment): boolean {
    const { registry, settledAt } = this.ports;
    const until = Math.max(
      graceEnd(registry, record, at.mono),
      this.told.has(record.path) ? settledAt : Number.NEGATIVE_INFINITY,
    );
    if (at.mono < until) this.due.set(record.path, until);
    else if (this.isUnproven(record.path, until)) this.due.set(record.path, at.mono + this.ports.intervalMs);
    else return false;
    return true;
  }

  /** That one is silent says something only where what is above it was heard since: else that may be gone again, and not lost yet. */
  private isUnproven(path: string, since: number): boolean {
    const { registry } = this.ports;
    return ancestors(path).some(above => {
      const hop = registry.get(above);
      if (!hop || (hop.heardAt?.mono ?? Number.NEGATIVE_INFINITY) >= since) return false;
      return verdict(registry, hop).status !== 'unknown';
    });
  }

  private graceMs(path: string): number {
    const { registry, intervalMs } = this.ports;
    const record = registry.get(path);
    return record ? graceOf(registry, record) : GRACE_BEATS * intervalMs;
  }

  private *below(path: string): Generator<string> {
    for (const child of this.ports.registry.childrenOf(path)) {
      yield child;
      yield* this.below(child);
    }
  }

  private describe(record: NodeRecord): Omit<Transition, 'at' | 'from' | 'to' | 'cause'> {
    const { path, kind, app, labels, epoch, link, healedAt, reason } = record;
    const isHop = link !== 'online' || healedAt !== null;
    return {
      path,
      kind,
      app,
      labels,
      epoch,
      reason,
      hidden: isHop ? [...this.below(path)].length : 0,
      maintenance: maintenanceAt(this.ports.registry, path) !== null,
      flapping: this.ports.isFlapping?.(path) ?? false,
    };
  }
}

const fromTold = (path: string, { status, ...known }: Told): Omit<Transition, 'to'> => ({
  ...known,
  path,
  from: status,
  cause: null,
  reason: null,
  hidden: 0,
  maintenance: false,
  flapping: false,
});
