/** What is still to be told, a lane for each receiver: one that is slow or dead holds up nobody else. */
import type { AlertReceiver, Notice } from '../core/alert.js';
import type { Clock } from '../core/clock.js';
import { Tally } from '../core/tally.js';
import { Lane } from './lane.js';
import type { Sent } from './send.js';

export interface OutboxOptions {
  readonly clock: Clock;
  /** Milliseconds after which a message is given up, and how many wait for one receiver at the most. */
  readonly expireMs: number;
  readonly most: number;
  readonly send: (receiver: AlertReceiver, notice: Notice, signal: AbortSignal) => Promise<Sent>;
  /** What waits has changed. */
  readonly changed: () => void;
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
  readonly random?: () => number;
}

export class Outbox {
  private readonly lanes = new Map<string, Lane>();
  private receivers = new Map<string, AlertReceiver>();
  /** By `receiver outcome`. */
  readonly counts = new Tally();

  constructor(private readonly options: OutboxOptions) {}

  /** Those of one that is gone are dropped, and said so. */
  use(receivers: readonly AlertReceiver[]): void {
    this.receivers = new Map(receivers.map(receiver => [receiver.name, receiver]));
    for (const [name, lane] of this.lanes) {
      if (this.receivers.has(name)) {
        lane.hurry();
        continue;
      }
      lane.stop();
      this.lanes.delete(name);
      for (const _ of lane.all()) this.counts.add(`${name} gone`);
      if (lane.size > 0)
        this.options.log.warn(
          { receiver: name, count: lane.size },
          'alerts dropped: there is no such receiver any more',
        );
      this.options.changed();
    }
  }

  /** Not tried before `go`: it is to be on disk first. */
  add(notice: Notice): void {
    if (!this.receivers.has(notice.to)) return this.counts.add(`${notice.to} gone`);
    const dropped = this.laneOf(notice.to).add(notice, this.options.most);
    if (dropped === null) return;
    this.counts.add(`${notice.to} dropped`);
    this.options.log.warn(
      { receiver: notice.to, key: dropped.key },
      'an alert was dropped: too many wait (alerts_queue)',
    );
  }

  go(): void {
    for (const lane of this.lanes.values()) lane.go();
  }

  stop(): void {
    for (const lane of this.lanes.values()) lane.stop();
  }

  /** All that waits, each receiver's in order. */
  all(): Notice[] {
    return [...this.lanes.values()].flatMap(lane => lane.all());
  }

  waiting(): [receiver: string, count: number][] {
    return [...this.receivers.keys()].map(name => [name, this.lanes.get(name)?.size ?? 0]);
  }

  private laneOf(name: string): Lane {
    const known = this.lanes.get(name);
    if (known) return known;
    const { clock, expireMs, log, changed, random = Math.random } = this.options;
    let isFailing = false;
    const lane = new Lane({
      send: (notice, signal) => this.attempt(name, notice, signal),
      isOver: notice => clock.now() - notice.at >= expireMs,
      random,
      failing: ({ key }, found) => {
        isFailing = true;
        log.warn({ receiver: name, key, found }, `alerts do not reach ${name}: ${found}; tried again`);
      },
      over: ({ key }, how) => {
        const outcome = how === 'expired' ? 'expired' : how.is === 'delivered' ? 'delivered' : 'refused';
        this.counts.add(`${name} ${outcome}`);
        if (outcome !== 'delivered')
          log.warn(
            { receiver: name, key, ...(how !== 'expired' && { found: how.found }) },
            `an alert was given up: ${outcome}`,
          );
        else if (isFailing) log.info({ receiver: name }, `alerts reach ${name} again`);
        if (outcome === 'delivered') isFailing = false;
        changed();
      },
    });
    this.lanes.set(name, lane);
    return lane;
  }

  private async attempt(name: string, notice: Notice, signal: AbortSignal): Promise<Sent> {
    const receiver = this.receivers.get(name);
    if (!receiver) return { is: 'never', found: 'no such receiver' };
    const sent = await this.options.send(receiver, notice, signal);
    if (sent.is !== 'delivered') this.counts.add(`${name} failed`);
    return sent;
  }
}
