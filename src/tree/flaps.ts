/** Which nodes go up and down all the time: looked at when a state comes, and now and then; told by the parent of each. */
import { setImmediate as turn } from 'node:timers/promises';
import { type FlapRule, hardStatus, sampled, shareOfChanges } from '../core/flapping.js';
import { isDirectChild } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { verdict } from '../core/verdict.js';
import type { Publisher } from '../node/publisher.js';
import type { IngestListener } from './ingest.js';

/** Nodes looked at in one go. */
const PIECE = 1000;

export class Flaps implements IngestListener {
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly rule: FlapRule,
    private readonly ports: {
      readonly registry: Registry;
      readonly publisher: Publisher;
      readonly log: { info(fields: object, message: string): void };
    },
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.lookAtAll(), this.rule.intervalMs);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  state(record: NodeRecord): void {
    this.look(record);
  }

  private async lookAtAll(): Promise<void> {
    let left = PIECE;
    for (const record of [...this.ports.registry.all()]) {
      this.look(record);
      left -= 1;
      if (left > 0) continue;
      left = PIECE;
      await turn();
    }
  }

  private look(record: NodeRecord): void {
    if (record.path === '') return;
    const { registry } = this.ports;
    const mono = registry.mono();
    const hard = hardStatus(record, verdict(registry, record, mono).status);
    const before = record.flap?.on ?? false;
    record.flap = sampled(record.flap, hard, mono, this.rule);
    const on = record.flap?.on ?? false;
    if (on !== before) this.tell(record, on);
  }

  private tell({ path, flap }: NodeRecord, on: boolean): void {
    if (!isDirectChild(path)) return;
    const share = `${Math.round(shareOfChanges(flap?.changes ?? 0))} % of its last 20 states are changes`;
    const reason = on ? `it is flapping: ${share}` : `it is no longer flapping: ${share}`;
    this.ports.log.info({}, `${path}: ${reason}`);
    setImmediate(() => this.ports.publisher.event('flapping', reason, { path, to: on ? 'on' : 'off' }));
  }
}
