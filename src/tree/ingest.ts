/**
 * The one door through which what is below becomes known. The broker asks it about every message from below before
 * routing it: what does not decode or is older than what is known goes no further, and is never retained.
 */
import type { Message } from '../../broker/link.js';
import type { Origin, Refusal } from '../../broker/rules.js';
import { type Clock, type Moment, moment } from '../core/clock.js';
import type { LinkFact } from '../core/facts.js';
import { topName } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { verdict } from '../core/verdict.js';
import { decode, encode, MalformedPayload } from '../protocol/codec.js';
import { splitHopTopic } from '../protocol/flows.js';
import type { Heartbeat, NodeEvent, Result, State } from '../protocol/payloads.js';
import { splitTopic, topicOf } from '../protocol/topics.js';
import { Seen } from './seen.js';
import { beginsAnew, hopRefusal, revRefusal, speakerOf, standing } from './standing.js';
import { completeWill, isOfAnother } from './wills.js';

/** What others of this node want to know of it; called while the broker waits, so: note it and return. */
export interface IngestListener {
  /** A state that comes after heartbeats have told what followed it: history, and no news. */
  past?(path: string, state: State): void;
  state?(record: NodeRecord, from: LinkFact | null, said: State): void;
  beat?(record: NodeRecord, beat: Heartbeat, from: LinkFact | null): void;
  /** `origin`: who said so; the node itself comes last. */
  forgotten?(paths: readonly string[], origin: Origin): void;
  through?(record: NodeRecord): void;
  /** Its maintenance is over by our clock, and nobody has said so. */
  lifted?(record: NodeRecord): void;
  event?(path: string, event: NodeEvent): void;
  result?(path: string, result: Result): void;
  /** To be passed on, whether or not anyone is there to take it. */
  command?(path: string, message: Message, origin: Origin): void;
}

/** More are not kept track of: each costs about a kilobyte, and anyone can make names up. */
export const MAX_NODES = 50_000;

export class Ingest {
  private readonly listeners: IngestListener[] = [];
  /** Those of them that want heartbeats: nearly all that comes. */
  private readonly beatListeners: Required<Pick<IngestListener, 'beat'>>[] = [];
  /** Whether a state of that epoch is from before the node was forgotten. */
  buried: (path: string, epoch: number) => boolean = () => false;

  /** `held`: whether a live node holds a name at this broker. */
  constructor(
    private readonly registry: Registry,
    private readonly clock: Clock,
    private readonly held: (name: string) => boolean,
    private readonly seen: Seen = new Seen(),
  ) {}

  listen(listener: IngestListener): void {
    this.listeners.push(listener);
    if (hearsBeats(listener)) this.beatListeners.push(listener);
  }

  /** Of what no message says. */
  lifted(record: NodeRecord): void {
    for (const listener of this.listeners) listener.lifted?.(record);
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
          return this.takeEvent(place.path, message);
        case 'res':
          return this.takeResult(place.path, message);
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
    for (const listener of this.beatListeners) listener.beat(applied.record, beat, applied.from);
    return message;
  }

  private takeState(path: string, message: Message, origin: Origin): Message | Refusal {
    if (message.payload.length === 0) return this.takeForget(path, message, origin);
    const said = decode('state', message.payload);
    if (this.buried(path, said.epoch)) return stale('state');
    const wrong = said.rev === undefined ? null : revRefusal(path, origin);
    if (wrong) return wrong;
    const at = moment(this.clock);
    const known = this.registry.get(path);
    if (isOfAnother(known, origin)) return stale('will');
    const state =
      origin.via === 'publish' ? said : completeWill(said, known, origin, at, this.registry.get('')?.epoch);
    this.beginAnew(path, origin);
    const applied = this.registry.applyState(path, state, at);
    if (applied.stale) return stale('state');
    if (applied.past) for (const listener of this.listeners) listener.past?.(path, state);
    if (applied.past) return message;
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
    for (const each of gone) this.forgetSeen(each);
    for (const listener of this.listeners) listener.forgotten?.(gone, origin);
    return message;
  }

  private full(path: string): Refusal | null {
    if (this.registry.size < MAX_NODES || this.registry.get(path)) return null;
    return { code: 'tree-full', reason: `"${path}" is not taken on: ${MAX_NODES} nodes are known here` };
  }

  private beginAnew(path: string, origin: Origin): void {
    const speaker = speakerOf(path, origin);
    if (speaker === null || !beginsAnew(this.registry.get(path), speaker)) return;
    this.registry.beginAnew(path, speaker);
    this.forgetSeen(path);
  }

  private forgetSeen(path: string): void {
    for (const channel of ['evt', 'res'] as const) this.seen.forget(topicOf(path, channel));
  }

  private hasSpoken(record: NodeRecord, origin: Origin, at: Moment): void {
    record.speaker = speakerOf(record.path, origin) ?? record.speaker;
    const top = topName(record.path);
    const through = top === record.path ? null : this.registry.heardThrough(top, at);
    if (through) for (const listener of this.listeners) listener.through?.(through);
  }

  private takeEvent(path: string, message: Message): Message | Refusal {
    const event = decode('evt', message.payload);
    if (!this.seen.take(message.topic, event)) return stale('event');
    for (const listener of this.listeners) listener.event?.(path, event);
    return message;
  }

  private takeResult(path: string, message: Message): Message | Refusal {
    const result = decode('res', message.payload);
    if (!this.seen.take(message.topic, result)) return stale('result');
    for (const listener of this.listeners) listener.result?.(path, result);
    return message;
  }
}

const hearsBeats = (listener: IngestListener): listener is Required<Pick<IngestListener, 'beat'>> =>
  listener.beat !== undefined;
const stale = (what: string): Refusal => ({
  code: 'stale',
  reason: `this ${what} is older than what is already known of the node`,
});
