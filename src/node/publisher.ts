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
  /** Milliseconds since the Unix epoch: when it became what it was before. */
  readonly since?: number;
  readonly alert?: ToldAlert;
}

const NOTHING = Buffer.alloc(0);

export class Publisher {
  private eventSeq = 0;
  private stateSeq = 0;
  private resultSeq = 0;
  /** One text for all heartbeats: who remembers topics need not read it anew. */
  private readonly beats: string;

  /** `path`: the node's own on this link: its name at its parent's broker, '' at its own. */
  constructor(
    private readonly link: Link,
    private readonly path: string,
    readonly epoch: number,
    private readonly clock: Clock,
  ) {
    this.beats = topicOf(path, 'hb');
  }

  /** Numbers the heartbeat by the newest state, in place: to copy it would take as long as to write it out. */
  beat(heartbeat: Heartbeat): void {
    if (this.stateSeq > 0) heartbeat.stateSeq = this.stateSeq;
    this.send(this.beats, 'hb', heartbeat);
  }

  /** Its own state. */
  state(state: State): void {
    this.stateSeq += 1;
    this.publish('state', '', { ...state, seq: this.stateSeq });
  }

  /** That of a node below it which can't say so itself, with the numbers of its parent's word. */
  speakFor(below: string, state: State): void {
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

  result(result: Omit<Result, 'v' | 'ts' | 'epoch' | 'seq'>, below = ''): void {
    this.resultSeq += 1;
    const { epoch, resultSeq: seq } = this;
    this.publish('res', below, { v: 1, ts: this.clock.now(), ...result, epoch, seq });
  }

  private publish<C extends Channel>(channel: C, below: string, payload: Payloads[C]): void {
    this.send(topicOf(this.join(below), channel), channel, payload);
  }

  private send<C extends Channel>(topic: string, channel: C, payload: Payloads[C]): void {
    const { qos, retain } = TOPICS[channel];
    this.link.publish({ topic, payload: encode(channel, payload), qos, retain });
  }

  private join(below: string): string {
    return this.path && below ? `${this.path}/${below}` : this.path || below;
  }
}
