/**
 * The one door through which what is below becomes known. The broker asks it about every message from below before
 * routing it: what does not decode or is older than what is known goes no further, and is never retained.
 */
import type { Message } from '../../broker/link.js';
import type { Origin, Refusal } from '../../broker/rules.js';
import { type Clock, type Moment, moment } from '../core/clock.js';
import type { LinkFact } from '../core/facts.js';
import { ancestors } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { verdict } from '../core/verdict.js';
import { decode, encode, MalformedPayload } from '../protocol/codec.js';
import { splitHopTopic } from '../protocol/flows.js';
import type { Heartbeat, NodeEvent, Result, State } from '../protocol/payloads.js';
import { splitTopic } from '../protocol/topics.js';
import { beginsAnew, hopRefusal, speakerOf, standing } from './standing.js';
import { completeWill, isOfAnother } from './wills.js';

/** What others of this node want to know of it; called while the broker waits, so: note it and return. */
export interface IngestListener {
  state?(record: NodeRecord, from: LinkFact | null, said: State): void;
  beat?(record: NodeRecord, beat: Heartbeat, from: LinkFact | null): void;
  forgotten?(paths: readonly string[]): void;
  through?(record: NodeRecord): void;
  event?(path: string, event: NodeEvent): void;
  result?(path: string, result: Result): void;
  /** To be passed on, whether or not anyone is there to take it. */
  command?(path: string, message: Message, origin: Origin): void;
}

/** More are not kept track of: each costs about a kilobyte, and anyone can make names up. */
const MAX_NODES = 50_000;

export class Ingest {
  private readonly listeners: IngestListener[] = [];

  /** `held`: whether a live node holds a name at this broker. */
  constructor(
    private readonly registry: Registry,
    private readonly clock: Clock,
    private readonly held: (name: string) => boolean,
  ) {}

  listen(listener: IngestListener): void {
    this.listeners.push(listener);
  }

  /** The broker's `admit` hook. */
  readonly receive = (message: Message, origin: Origin): Message | Refusal => {
    const place = splitTopic(message.topic);
    if (place === null) {
      const hop = splitHopTopic(message.topic);
      return (hop && hopRefusal(hop, origin, this.held)) ?? message;
    }
    if (place.channel === 'cmd') {
      for (const listener of this.listeners) listener.command?.(place.path, message, origin);
      return message;
    }
    const refusal = standing(place.path, origin, this.held) ?? this.full(place.path);
    if (refusal) return refusal;
    try {
      switch (place.channel) {
        case 'hb':
          return this.takeBeat(place.path, message, origin);
        case 'state':
          return this.takeState(place.path, message, origin);
        case 'evt':
          this.tell('event', place.path, decode('evt', message.payload));
          return message;
        case 'res':
          this.tell('result', place.path, decode('res', message.payload));
          return message;
        case 'log':
          decode('log', message.payload);
          return message;
      }
    } catch (error) {
      if (error instanceof MalformedPayload) return { code: error.code, reason: error.message };
      throw error;
    }
  };

  private takeBeat(path: string, message: Message, origin: Origin): Message | Refusal {
    const beat = decode('hb', message.payload);
    const at = moment(this.clock);
    this.beginAnew(path, origin);
    const applied = this.registry.applyBeat(path, beat, at);
    if (applied.stale) return stale('heartbeat');
    this.hasSpoken(applied.record, origin, at);
    for (const listener of this.listeners) listener.beat?.(applied.record, beat, applied.from);
    return message;
  }

  private takeState(path: string, message: Message, origin: Origin): Message | Refusal {
    if (message.payload.length === 0) return this.takeForget(path, message, origin);
    const said = decode('state', message.payload);
    const at = moment(this.clock);
    const known = this.registry.get(path);
    if (isOfAnother(known, origin)) return stale('will');
    const state = origin.via === 'publish' ? said : completeWill(said, known, origin, at);
    this.beginAnew(path, origin);
    const applied = this.registry.applyState(path, state, at);
    if (applied.stale) return stale('state');
    this.hasSpoken(applied.record, origin, at);
    for (const listener of this.listeners) listener.state?.(applied.record, applied.from, state);
    return state === said ? message : { ...message, payload: encode('state', state) };
  }

  private takeForget(path: string, message: Message, origin: Origin): Message | Refusal {
    if (!message.retain)
      return { code: 'bad-payload', reason: 'an empty state forgets a node only where it is retained' };
    const record = this.registry.get(path);
    const alive = record?.link === 'online' && verdict(this.registry, record).blockedBy === null;
    if (path === '' || (alive && origin.identity === null)) {
      return { code: 'node-alive', reason: `"${path}" is alive; only a node that is gone can be forgotten` };
    }
    const gone = this.registry.forget(path);
    for (const listener of this.listeners) listener.forgotten?.(gone);
    return message;
  }

  private full(path: string): Refusal | null {
    if (this.registry.size < MAX_NODES || this.registry.get(path)) return null;
    return { code: 'tree-full', reason: `"${path}" is not taken on: ${MAX_NODES} nodes are known here` };
  }

  private beginAnew(path: string, origin: Origin): void {
    const speaker = speakerOf(path, origin);
    if (speaker !== null && beginsAnew(this.registry.get(path), speaker))
      this.registry.beginAnew(path, speaker);
  }

  private hasSpoken(record: NodeRecord, origin: Origin, at: Moment): void {
    record.speaker = speakerOf(record.path, origin) ?? record.speaker;
    const [top] = ancestors(record.path);
    const through = top === undefined ? null : this.registry.heardThrough(top, at);
    if (through) for (const listener of this.listeners) listener.through?.(through);
  }

  private tell(what: 'event', path: string, value: NodeEvent): void;
  private tell(what: 'result', path: string, value: Result): void;
  private tell(what: 'event' | 'result', path: string, value: never): void {
    for (const listener of this.listeners) listener[what]?.(path, value);
  }
}

const stale = (what: string): Refusal => ({
  code: 'stale',
  reason: `this ${what} is older than what is already known of the node`,
});
