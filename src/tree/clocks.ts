/** How far the clocks of the nodes below are off, by their heartbeats; told once by the parent of each. */
import type { Clock } from '../core/clock.js';
import { isDirectChild } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import { isWrong, skewMs, withBeat } from '../core/skew.js';
import type { Publisher } from '../node/publisher.js';
import type { Heartbeat } from '../protocol/payloads.js';
import type { IngestListener } from './ingest.js';

export class Clocks implements IngestListener {
  constructor(
    private readonly boundMs: number,
    private readonly ports: {
      readonly clock: Clock;
      readonly publisher: Publisher;
      readonly log: { warn(fields: object, message: string): void };
    },
  ) {}

  beat(record: NodeRecord, { ts }: Heartbeat): void {
    if (record.path === '') return;
    record.skew = withBeat(record.skew, ts, this.ports.clock.now());
    const wrong = isWrong(record.skew, this.boundMs, record.clockWrong);
    if (wrong === record.clockWrong) return;
    record.clockWrong = wrong;
    if (!isDirectChild(record.path)) return;
    const { path } = record;
    const reason = wrong
      ? `${inWords(skewMs(record.skew) ?? 0)}; ${this.boundMs / 1000} s are allowed`
      : 'its clock is right again';
    this.ports.log.warn({ skewMs: skewMs(record.skew) }, `${path}: ${reason}`);
    setImmediate(() => this.ports.publisher.event('clock', reason, { path }));
  }
}

/** Of a skew in ms. */
export const inWords = (ms: number): string =>
  `its clock is ${Math.round(Math.abs(ms) / 100) / 10} s ${ms > 0 ? 'ahead of' : 'behind'} that of this node`;
