/** Tells what changes of the nodes below, each change once: what history, live events and alerts live on. */
import { type Clock, type Moment, moment } from '../core/clock.js';
import type { LinkFact } from '../core/facts.js';
import { isOver, lift } from '../core/maintenance.js';
import { parentOf } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import { Observation, type Told } from '../core/observation.js';
import type { Registry } from '../core/registry.js';
import { SenderClocks } from '../core/sender-clocks.js';
import type { Transition, TransitionListener } from '../core/transition.js';
import type { Heartbeat, State } from '../protocol/payloads.js';
import type { IngestListener } from './ingest.js';

export interface ObserverOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Ms between this node's own heartbeats: what a node below is taken for that has not said its own. */
  readonly intervalMs: number;
  /** Ms after the start in which nobody is told to be missing. */
  readonly settleMs: number;
  /** Ms that the clock of a node is allowed to be off. */
  readonly clockSkewMs: number;
  /** Is told of a node whose maintenance has ended without a word of the node. */
  readonly lifted: (record: NodeRecord) => void;
}

const TICK_MS = 1000;
/** Ms on its way after which a state tells of the past: it was kept somewhere until a line was back. */
const LIVE_MS = 2000;

export class Observer implements IngestListener {
  private readonly observation: Observation;
  /** Monotonic ms from which on who is there was heard since the start. */
  readonly settledAt: number;
  private readonly clocks = new SenderClocks();
  private readonly listeners: TransitionListener[] = [];
  /** Nodes whose maintenance has an end. */
  private readonly ending = new Set<string>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: ObserverOptions) {
    const { registry, clock, intervalMs, settleMs } = options;
    this.settledAt = clock.mono() + settleMs;
    this.observation = new Observation({
      registry,
      intervalMs,
      settledAt: this.settledAt,
      isFlapping: path => registry.get(path)?.flap?.on ?? false,
    });
  }

  /** Called at once, while a broker waits: note it and return. */
  listen(listener: TransitionListener): void {
    this.listeners.push(listener);
  }

  /** What an earlier run has told last of a node; before `start`. */
  recall(path: string, told: Told): void {
    this.observation.recall(path, told);
  }

  /** How each node is by what was told of it last, by an earlier run too. */
  standing(): Transition[] {
    return this.observation.standing();
  }

  /** What came before it listened is looked at now. */
  start(): void {
    const at = this.now();
    for (const record of [...this.options.registry.all()]) {
      this.watchEnd(record);
      this.look(record.path, at);
    }
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  state(record: NodeRecord, _from: LinkFact | null, said: State): void {
    const at = this.now();
    this.watchEnd(record);
    this.look(record.path, at, this.saidAt(record.path, said, at));
  }

  beat(record: NodeRecord, beat: Heartbeat): void {
    const at = record.liveAt ?? this.now();
    this.clocks.heard(record.path, beat.ts, at.now);
    this.look(record.path, at);
  }

  through(record: NodeRecord): void {
    this.look(record.path, this.now());
  }

  forgotten(paths: readonly string[]): void {
    const { now } = this.now();
    for (const path of paths) {
      this.ending.delete(path);
      this.clocks.forget(path);
      const told = this.observation.forgotten(path, now);
      if (told) this.tell(told);
    }
  }

  tick(): void {
    if (this.ending.size > 0) this.liftEnded();
    if (this.observation.waiting === 0) return;
    for (const told of this.observation.late(this.now())) this.tell(told);
  }

  private watchEnd({ path, maintenance }: NodeRecord): void {
    if (maintenance?.until != null) this.ending.add(path);
    else this.ending.delete(path);
  }

  private liftEnded(): void {
    const { registry, clock, clockSkewMs, lifted } = this.options;
    for (const path of this.ending) {
      const record = registry.get(path);
      if (!record || !isOver(record, clock.now(), clockSkewMs)) continue;
      this.ending.delete(path);
      lift(record);
      lifted(record);
    }
  }

  /** A loss, and that one is heard again, is said by the parent. */
  private saidAt(path: string, { ts, link, reason }: State, { now }: Moment): number {
    const isByParent = link === 'lost' || reason === 'heard again';
    return this.when(isByParent ? parentOf(path) : path, ts, now);
  }

  /** What a time (ms) by the clock of a node is by ours; now where that can't be told, or where it came straight. */
  when(path: string, ts: number, now = this.options.clock.now()): number {
    const then = this.clocks.ours(path, ts);
    return then === null || now - then < LIVE_MS ? now : then;
  }

  private look(path: string, at: Moment, since?: number): void {
    const told = this.observation.look(path, at, since);
    if (told) this.tell(told);
  }

  private now(): Moment {
    return moment(this.options.clock);
  }

  private tell(transition: Transition): void {
    for (const listener of this.listeners) listener(transition);
  }
}
