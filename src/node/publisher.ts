/** What a node says, typed, under its own path on one link. */
import type { Link } from '../../broker/link.js';
import type { Clock } from '../core/clock.js';
import type { Channel } from '../core/names.js';
import { encode } from '../protocol/codec.js';
import type { EventName, Heartbeat, NodeEvent, Payloads, Result, State } from '../protocol/payloads.js';
import type { ToldAlert } from '../protocol/told-alert.js';
import { TOPICS, topicOf } from '../protocol/topics.js';

export interface EventDetail {
  readonly path?: string;
  readonly from?: string;
  readonly to?: string;
  readonly code?: string;
  readonly count?: number;
  readonly alert?: ToldAlert;
}

const NOTHING = Buffer.alloc(0);

export class Publisher {
  private eventSeq = 0;

  /** `path`: the node's own on this link: its name at its parent's broker, '' at its own. */
  constructor(
    private readonly link: Link,
    private readonly path: string,
    readonly epoch: number,
    private readonly clock: Clock,
  ) {}

  beat(heartbeat: Heartbeat): void {
    this.publish('hb', '', heartbeat);
  }

  /** Its own state, or that of a node below it which can't say so itself. */
  state(state: State, below = ''): void {
    this.publish('state', below, state);
  }

  /** Clears the retained state of a node below: an empty retained payload forgets it. */
  forget(below: string): void {
    this.link.publish({ topic: topicOf(this.join(below), 'state'), payload: NOTHING, qos: 1, retain: true });
  }

  event(event: EventName, reason: string, detail: EventDetail = {}): void {
    this.eventSeq += 1;
    const told: NodeEvent = {
      v: 1,
      epoch: this.epoch,
      seq: this.eventSeq,
      ts: this.clock.now(),
      event,
      reason: reason.slice(0, 1024),
      ...detail,
    };
    this.publish('evt', '', told);
  }

  result(result: Omit<Result, 'v' | 'ts'>, below = ''): void {
    this.publish('res', below, { v: 1, ts: this.clock.now(), ...result });
  }

  private publish<C extends Channel>(channel: C, below: string, payload: Payloads[C]): void {
    const { qos, retain } = TOPICS[channel];
    this.link.publish({
      topic: topicOf(this.join(below), channel),
      payload: encode(channel, payload),
      qos,
      retain,
    });
  }

  private join(below: string): string {
    return this.path && below ? `${this.path}/${below}` : this.path || below;
  }
}
