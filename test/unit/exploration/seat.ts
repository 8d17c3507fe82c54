/** A node with a broker, without sockets and timers: the real door, registry, leases and observation, and a copy of it all. */

import type { Origin } from '../../../broker/rules.js';
import { isRefusal } from '../../../broker/topics.js';
import type { LinkFact, Status } from '../../../src/core/facts.js';
import { Leases, leaseMs } from '../../../src/core/leases.js';
import { isDirectChild } from '../../../src/core/names.js';
import type { NodeRecord } from '../../../src/core/node-record.js';
import { Observation } from '../../../src/core/observation.js';
import { Registry } from '../../../src/core/registry.js';
import type { Transition } from '../../../src/core/transition.js';
import { Vigil } from '../../../src/core/vigil.js';
import type { Heartbeat, State } from '../../../src/protocol/payloads.js';
import { topicOf } from '../../../src/protocol/topics.js';
import { Ingest } from '../../../src/tree/ingest.js';
import { type Entry, entryOf, recordOf } from '../../../src/tree/roster/entry.js';
import { sweepPeriodMs } from '../../../src/tree/watch.js';
import { spokenFor } from '../../../src/tree/wills.js';
import { breach } from './breach.js';
import { copyInsides, inside, ownOrigin, type Sent } from './insides.js';
import { clock, GRACE_MS, INTERVAL_MS, SILENT_MS, TIMEOUT_MS } from './time.js';

export const SWEEP_MS = sweepPeriodMs(TIMEOUT_MS);

export class Seat {
  alive = true;
  frozen = false;
  /** It has not looked at its leases since the clock moved. */
  sweepDue = false;
  /** When it started, froze or thawed last; monotonic ms. */
  turnedAt = 0;
  epoch: number;
  stateSeq = 0;
  beatSeq = 0;
  /** Of the one link that is watched for it: that of the leaf. */
  turns = 0;
  readonly vigil = new Vigil(SWEEP_MS);
  readonly registry: Registry;
  readonly leases = new Leases();
  readonly observation: Observation;
  /** On its disk. */
  readonly roster: Map<string, Entry>;
  readonly lastTold: Map<string, Status>;
  readonly retained: Map<string, Sent>;
  /** What it says above, of itself and what is below. */
  said: Sent[] = [];
  transitions: Transition[] = [];
  private readonly ingest: Ingest;
  private regained: string[] = [];
  private isNews = false;

  private constructor(
    readonly kind: 'root' | 'relay',
    epoch: number,
    private readonly settledAt: number,
    from?: Seat,
  ) {
    this.epoch = epoch;
    const { mono } = clock;
    this.registry = new Registry({ mono, graceMs: GRACE_MS, silentMs: SILENT_MS, vigil: this.vigil });
    const { registry } = this;
    this.observation = new Observation({ registry, intervalMs: INTERVAL_MS, settledAt });
    this.roster = new Map(from?.roster);
    this.lastTold = new Map(from?.lastTold);
    this.retained = new Map(from?.retained);
    this.turns = from?.turns ?? 0;
    this.ingest = new Ingest(registry, clock, () => true);
    this.ingest.listen(this);
  }

  /** Started on what an earlier process of it has left. */
  static start(kind: Seat['kind'], epoch: number, before?: Seat): Seat {
    const seat = new Seat(kind, epoch, clock.mono() + Math.max(2 * INTERVAL_MS, TIMEOUT_MS), before);
    seat.turnedAt = clock.mono();
    seat.retained.clear();
    for (const entry of seat.roster.values()) {
      seat.registry.restore(recordOf(entry, clock));
      const { path, state: value } = entry;
      seat.retained.set(path, { path, channel: 'state', value, turns: seat.turns });
    }
    for (const [path, told] of before ? inside(before.observation).told : [])
      seat.observation.recall(path, told);
    for (const { path } of [...seat.registry.all()]) seat.look(path);
    seat.tell(seat.registry.get('') ? 'online' : 'started');
    for (const name of seat.registry.childrenOf('')) {
      const record = seat.registry.get(name);
      if (record?.link === 'online') seat.renew(record);
    }
    return seat;
  }

  copy(): Seat {
    const copy = new Seat(this.kind, this.epoch, this.settledAt, this);
    const { alive, frozen, sweepDue, turnedAt, stateSeq, beatSeq } = this;
    Object.assign(copy, { alive, frozen, sweepDue, turnedAt, stateSeq, beatSeq });
    for (const record of this.registry.all()) copy.registry.restore({ ...record });
    copyInsides(this, copy);
    return copy;
  }

  /** Lets in a message as its broker does; what goes on up is `said`. */
  receive({ path, channel, value, turns }: Sent, origin: Origin): void {
    const message = { topic: topicOf(path, channel), payload: Buffer.from(JSON.stringify(value)) };
    const before = this.registry.get(path);
    const [pid, link] = [before?.pid ?? 0, before?.link];
    this.isNews = false;
    const taken = this.ingest.receive({ ...message, qos: 1, retain: channel === 'state' }, origin);
    if (isRefusal(taken)) {
      if (taken.code !== 'stale') breach(`${this.kind} refuses ${path}: ${taken.reason}`);
      return;
    }
    const after = this.registry.get(path);
    if ((after?.pid ?? 0) < pid) breach(`${this.kind}: facts ${after?.pid} of ${path} overwrite ${pid}`);
    if (this.kind === 'relay') this.pass(path, channel, taken.payload);
    else if (path.includes('/') && this.isNews) this.checkTurn(path, turns, link, after?.link);
    for (const name of this.regained.splice(0)) this.speakFor(name, 'online', 'heard again');
  }

  private pass(path: string, channel: Sent['channel'], payload: Buffer): void {
    const sent = { path, channel, value: JSON.parse(String(payload)), turns: this.turns };
    if (channel === 'state') this.retained.set(path, sent);
    this.said.push(sent);
  }

  /** The root's: what turns the link of the leaf is no older than what was taken before it. */
  private checkTurn(path: string, turns: number, from: LinkFact | undefined, to: LinkFact | undefined): void {
    if (turns < this.turns && from !== to)
      breach(`${path} turns ${to} by what is of turn ${turns}, after turn ${this.turns}`);
    this.turns = Math.max(this.turns, turns);
  }

  state(record: NodeRecord, from: LinkFact | null): void {
    this.isNews = true;
    this.turned(record, from);
    if (record.path !== '') this.roster.set(record.path, entryOf(record));
    if (isDirectChild(record.path) && record.link === 'online') this.renew(record);
    else this.leases.drop(record.path);
    this.look(record.path);
  }

  beat(record: NodeRecord, beat: Heartbeat, from: LinkFact | null): void {
    this.isNews = true;
    this.turned(record, from);
    const noted = this.roster.get(record.path)?.interval === beat.interval;
    if (record.path !== '' && (from === null || !noted)) this.roster.set(record.path, entryOf(record));
    if (isDirectChild(record.path)) {
      this.renew(record);
      if (record.link !== 'online' || from === null) this.regained.push(record.path);
    }
    this.look(record.path);
  }

  through(record: NodeRecord): void {
    this.renew(record);
    if (record.link !== 'online') this.regained.push(record.path);
    this.look(record.path);
  }

  /** Who has fallen silent; the caller drops their connections. */
  expired(at = clock.mono()): string[] {
    this.vigil.look(at);
    return this.leases.expired(at, SWEEP_MS);
  }

  tick(): void {
    for (const told of this.observation.late({ mono: clock.mono(), now: clock.now() })) this.told(told);
  }

  speakFor(name: string, link: LinkFact, reason: 'will' | 'timeout' | 'heard again'): void {
    const record = this.registry.get(name);
    if (!record) return;
    const value = spokenFor(record, link, reason, this.epoch, clock.now());
    this.receive({ path: name, channel: 'state', value, turns: 0 }, ownOrigin);
  }

  tell(reason: string): void {
    this.stateSeq += 1;
    const { epoch, kind, stateSeq: seq } = this;
    const value: State = { v: 1, epoch, seq, ts: clock.now(), kind, link: 'online', reason, pid: epoch };
    this.receive({ path: '', channel: 'state', value, turns: 0 }, ownOrigin);
  }

  heartbeat(): void {
    this.beatSeq += 1;
    const { epoch, kind, beatSeq: seq, stateSeq } = this;
    const value: Heartbeat = { v: 1, epoch, seq, stateSeq, ts: clock.now(), interval: 1, kind, pid: epoch };
    this.receive({ path: '', channel: 'hb', value, turns: 0 }, ownOrigin);
  }

  private turned({ path, link }: NodeRecord, from: LinkFact | null): void {
    if (this.kind === 'relay' && path !== '' && from !== link) this.turns += 1;
  }

  private renew(record: NodeRecord): void {
    this.leases.renew(record.path, clock.mono(), leaseMs(TIMEOUT_MS, (record.interval ?? 0) * 1000));
  }

  private look(path: string): void {
    const told = this.observation.look(path, { mono: clock.mono(), now: clock.now() });
    if (told) this.told(told);
  }

  private told(told: Transition): void {
    const { path, from, to } = told;
    const last = this.lastTold.get(path) ?? null;
    if (from !== last || to === last) breach(`${this.kind} tells ${path} ${from}>${to} after ${last}`);
    if (to !== null) this.lastTold.set(path, to);
    this.transitions.push(told);
  }
}
