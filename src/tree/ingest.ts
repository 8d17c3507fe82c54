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
import { decode, encode, MalformedPayload } from '../protocol/codec.js';
import type { Heartbeat, NodeEvent, Result, State } from '../protocol/payloads.js';
import { splitTopic } from '../protocol/topics.js';

/** What others of this node want to know of it; called while the broker waits, so: note it and return. */
export interface IngestListener {
  state?(record: NodeRecord, from: LinkFact | null): void;
  beat?(record: NodeRecord, beat: Heartbeat, from: LinkFact | null): void;
  forgotten?(paths: readonly string[]): void;
  through?(record: NodeRecord): void;
  event?(path: string, event: NodeEvent): void;
  result?(path: string, result: Result): void;
}

export class Ingest {
  private readonly listeners: IngestListener[] = [];

  constructor(
    private readonly registry: Registry,
    private readonly clock: Clock,
  ) {}

  listen(listener: IngestListener): void {
    this.listeners.push(listener);
  }

  /** The broker's `admit` hook. */
  readonly receive = (message: Message, origin: Origin): Message | Refusal => {
    const place = splitTopic(message.topic);
    if (place === null) return message;
    try {
      switch (place.channel) {
        case 'hb':
          return this.takeBeat(place.path, message);
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
        case 'cmd':
          return message; // whoever it is addressed to answers for it
      }
    } catch (error) {
      if (error instanceof MalformedPayload) return { code: error.code, reason: error.message };
      throw error;
    }
  };

  private takeBeat(path: string, message: Message): Message | Refusal {
    const beat = decode('hb', message.payload);
    const at = moment(this.clock);
    const applied = this.registry.applyBeat(path, beat, at);
    if (applied.stale) return stale('heartbeat');
    this.passThrough(path, at);
    for (const listener of this.listeners) listener.beat?.(applied.record, beat, applied.from);
    return message;
  }

  private takeState(path: string, message: Message, origin: Origin): Message | Refusal {
    if (message.payload.length === 0) {
      if (path === '')
        return {
          code: 'node-alive',
          reason: 'the node that owns this broker is alive and cannot be forgotten',
        };
      const gone = this.registry.forget(path);
      for (const listener of this.listeners) listener.forgotten?.(gone);
      return message;
    }
    const said = decode('state', message.payload);
    const at = moment(this.clock);
    const state = origin.via === 'publish' ? said : completeWill(said, this.registry.get(path), origin, at);
    const applied = this.registry.applyState(path, state, at);
    if (applied.stale) return stale('state');
    this.passThrough(path, at);
    for (const listener of this.listeners) listener.state?.(applied.record, applied.from);
    return state === said ? message : { ...message, payload: encode('state', state) };
  }

  private passThrough(path: string, at: Moment): void {
    const [top] = ancestors(path);
    const record = top === undefined ? null : this.registry.heardThrough(top, at);
    if (record) for (const listener of this.listeners) listener.through?.(record);
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

/** A will was written when the node connected: it gets the time, the true cause and the last known facts. */
export function completeWill(will: State, known: NodeRecord | undefined, origin: Origin, at: Moment): State {
  const cause =
    known?.link === 'lost' && known.cause ? known.cause : origin.via === 'keepalive' ? 'timeout' : 'will';
  const facts = known && known.epoch === will.epoch ? factsOf(known) : {};
  return { ...will, ...facts, ts: at.now, link: 'lost', reason: cause };
}

/** What is known of a node, in the shape of its state message. */
export function factsOf(record: NodeRecord): Partial<State> {
  const facts: Partial<State> = { app: record.app, pid: record.pid };
  if (record.phase) facts.phase = record.phase;
  if (record.health) facts.health = record.health;
  if (record.exitCode !== null) facts.exitCode = record.exitCode;
  if (record.signal !== null) facts.signal = record.signal;
  return facts;
}
