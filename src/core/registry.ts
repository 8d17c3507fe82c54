/** What an observer knows of the nodes below it. Changed only by apply*: no timers, no sockets. */
import type { Moment } from './clock.js';
import type { LinkFact } from './facts.js';
import { latestHeal } from './heal.js';
import { ancestors, parentOf } from './names.js';
import { type BeatReport, blankRecord, isStandIn, type NodeRecord, type StateReport } from './node-record.js';
import { plannedRestart } from './planned-restart.js';
import { ageOf, isOvertaken, livesOn, placeOf } from './said.js';
import { complete, takeFacts } from './take-facts.js';
import type { Vigil } from './vigil.js';

/**
 * `stale`: older than the last one of its kind, or that one again; no fact was changed. `past`: it is the next state, and
 * heartbeats have told what came after it; no fact was changed either.
 */
export type Applied =
  | { readonly stale: true }
  | {
      readonly stale: false;
      readonly past?: true;
      readonly from: LinkFact | null;
      readonly record: NodeRecord;
    };

type LinkReport = Pick<StateReport, 'link' | 'reason' | 'ts' | 'beat'>;
const STALE: Applied = { stale: true };

export interface RegistryOptions {
  /** The observer's monotonic clock; left out, it is as late as the last thing that was applied. */
  readonly mono?: () => number;
  /** Milliseconds for which one that has not beaten yet is unknown after a hop above it is back. */
  readonly graceMs?: number;
  /** Milliseconds after which nothing is held true of one below a child that should beat and is not heard; none: for ever. */
  readonly silentMs?: number;
  readonly vigil?: Vigil;
}

export class Registry {
  private readonly records = new Map<string, NodeRecord>();
  private readonly below = new Map<string, Set<string>>();
  private latest = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: RegistryOptions = {}) {}

  get graceMs(): number | undefined {
    return this.options.graceMs;
  }
  get silentMs(): number | undefined {
    return this.options.silentMs;
  }
  get vigil(): Vigil | undefined {
    return this.options.vigil;
  }
  /** Milliseconds by the observer's monotonic clock. */
  readonly mono = (): number => this.options.mono?.() ?? this.latest;

  get size(): number {
    return this.records.size;
  }
  get(path: string): NodeRecord | undefined {
    return this.records.get(path);
  }
  all(): IterableIterator<NodeRecord> {
    return this.records.values();
  }
  /** Paths of the nodes right below, in order of their names. */
  childrenOf(path: string): string[] {
    return [...(this.below.get(path) ?? [])].sort();
  }

  /** A node speaks through a new installation: what was known of its epochs says nothing about this one's. */
  beginAnew(path: string, speaker: string): void {
    const record = this.records.get(path);
    if (!record) return;
    record.speaker = speaker;
    record.epoch = null;
    record.said = null;
    record.beat = null;
  }

  applyState(path: string, report: StateReport, at: Moment): Applied {
    const known = this.records.get(path);
    const age = known ? ageOf(report, known) : 'news';
    // Told again after a cut: it still stands.
    if (known && age === 'same') this.heard(known, at);
    if (age === 'old' || age === 'same') return STALE;
    const record = known ?? this.add(path, at);
    const from = known ? known.link : null;
    record.said = placeOf(report, record.said);
    if (age === 'past') return { stale: false, past: true, from, record };
    this.enterEpoch(record, report.epoch);
    this.heard(record, at);
    if (report.link !== 'lost') record.seenAt = at;
    takeFacts(record, complete(report), at);
    this.moveLink(record, report, at);
    record.restart = plannedRestart(report, record.restart, at);
    return { stale: false, from, record };
  }

  applyBeat(path: string, beat: BeatReport, at: Moment): Applied {
    const known = this.records.get(path);
    if (known?.epoch != null && beat.epoch < known.epoch) return STALE;
    if (known?.beat && beat.epoch === known.epoch && beat.seq <= known.beat.seq) return STALE;
    const record = known ?? this.add(path, at);
    const from = known ? known.link : null;
    const reborn = record.epoch !== beat.epoch;
    this.enterEpoch(record, beat.epoch);
    this.heard(record, at);
    this.live(record, at);
    record.seenAt = at;
    if (!isOvertaken(beat, record)) takeFacts(record, beat, at);
    record.beat = beat;
    record.interval = beat.interval;
    if (reborn || livesOn(record, beat)) this.moveLink(record, { link: 'online' }, at);
    return { stale: false, from, record };
  }

  /** Something below a node that never spoke for itself was heard through it. */
  heardThrough(path: string, at: Moment): NodeRecord | null {
    const record = this.records.get(path);
    if (record === undefined || !isStandIn(record)) return null;
    this.heard(record, at);
    return record;
  }

  /** Forgets a node and all below it; the paths that were known. */
  forget(path: string): string[] {
    const gone = [...(this.below.get(path) ?? [])].flatMap(child => this.forget(child));
    if (this.records.delete(path)) gone.push(path);
    this.below.delete(path);
    if (path !== '') this.below.get(parentOf(path))?.delete(path);
    return gone;
  }

  private add(path: string, at: Moment): NodeRecord {
    for (const above of ancestors(path)) if (!this.records.has(above)) this.add(above, at);
    return this.put(blankRecord(path, at));
  }

  private put(record: NodeRecord): NodeRecord {
    const { path } = record;
    this.records.set(path, record);
    if (path !== '') {
      const siblings = this.below.get(parentOf(path)) ?? new Set();
      this.below.set(parentOf(path), siblings.add(path));
    }
    return record;
  }

  private enterEpoch(record: NodeRecord, epoch: number): void {
    if (record.epoch === epoch) return;
    record.epoch = epoch;
    record.beat = null;
  }

  private heard(record: NodeRecord, at: Moment): void {
    this.latest = Math.max(this.latest, at.mono);
    record.heardAt = at;
    if (record.restoredAt === null) return;
    // What is below it is to be heard again, too.
    record.restoredAt = null;
    record.healedAt = at;
    record.regainedAt = at;
  }

  private live(record: NodeRecord, at: Moment): void {
    const healed = latestHeal(this, record.path);
    if (healed && (record.liveAt === null || record.liveAt.mono < healed.mono)) record.regainedAt = at;
    record.liveAt = at;
  }

  /** One that was known before this observer was started. */
  restore(record: NodeRecord): void {
    for (const above of ancestors(record.path)) if (!this.records.has(above)) this.add(above, record.linkAt);
    this.put(record);
  }

  private moveLink(record: NodeRecord, report: LinkReport, at: Moment): void {
    record.lostAfter = report.link === 'lost' ? (report.beat ?? null) : null;
    if (report.link === 'lost' && record.link === 'lost') {
      record.reason = record.cause; // the first cause of a loss stands: a late will is the same outage
      return;
    }
    const changed = report.link !== record.link;
    if (changed && report.link === 'online') record.healedAt = at;
    if (changed) record.linkAt = at;
    if (changed) record.turnedAt = report.ts ?? record.turnedAt;
    record.link = report.link;
    record.cause = report.link === 'lost' ? (report.reason === 'timeout' ? 'timeout' : 'will') : null;
  }
}
