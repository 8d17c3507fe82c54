/** How a node is now, as the engine wants to know it. */
import type { Clock } from '../core/clock.js';
import { missedBeat } from '../core/late.js';
import { maintenanceAt } from '../core/maintenance.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { verdict } from '../core/verdict.js';
import type { Opening } from './id.js';
import type { Glance } from './model.js';

export class Glancer {
  constructor(
    private readonly registry: Registry,
    private readonly clock: Clock,
  ) {}

  /** Null for a node that is not known. */
  of(path: string): Glance | null {
    const record = this.registry.get(path);
    return record ? this.at(record) : null;
  }

  /** Those that flap or are late. */
  *odd(): Generator<Glance> {
    const mono = this.clock.mono();
    for (const record of this.registry.all())
      if (record.flap?.on || isLate(record, mono)) yield this.at(record);
  }

  opening(path: string): Opening {
    const record = this.registry.get(path);
    return record ? openingOf(record) : { epoch: null, ts: 0 };
  }

  private at(record: NodeRecord): Glance {
    const { path, kind, app, labels, reason } = record;
    const { status, cause } = verdict(this.registry, record);
    return {
      path,
      kind,
      app,
      labels,
      status,
      cause,
      reason: reason === cause ? null : reason,
      hidden: kind !== 'leaf' && record.link !== 'online' ? this.below(path) : 0,
      maintenance: maintenanceAt(this.registry, path) !== null,
      flapping: record.flap?.on ?? false,
      late: isLate(record, this.clock.mono()),
      opening: openingOf(record),
    };
  }

  private below(path: string): number {
    return this.registry.childrenOf(path).reduce((sum, child) => sum + 1 + this.below(child), 0);
  }
}

const isLate = (record: NodeRecord, mono: number): boolean =>
  record.link === 'online' && missedBeat(record, mono);
const openingOf = ({ epoch, turnedAt, linkAt }: NodeRecord): Opening => ({
  epoch,
  ts: turnedAt ?? linkAt.now,
});
