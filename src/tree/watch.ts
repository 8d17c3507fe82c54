/** Watches the direct children: a lease each. Says `lost` and `online` on behalf of those who can't. */
import type { Clock } from '../core/clock.js';
import type { Cause, LinkFact } from '../core/facts.js';
import { type Leases, leaseMs } from '../core/leases.js';
import { isDirectChild } from '../core/names.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { isOvertaken } from '../core/said.js';
import type { Publisher } from '../node/publisher.js';
import type { Heartbeat } from '../protocol/payloads.js';
import type { IngestListener } from './ingest.js';
import { spokenFor } from './wills.js';

export interface WatchPorts {
  readonly leases: Leases;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly publisher: Publisher;
  /** The holder of a name is taken for lost: a successor may have it. */
  readonly release: (name: string) => void;
  readonly log: WatchLog;
}

interface WatchLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Milliseconds between two looks at the leases: a loss is told within one heartbeat of its timeout, however quick they are,
 * but while no lease is about to end the process need not wake up for it.
 */
const SWEEP_MS = 50;
const CALM_SWEEP_MS = 500;

/** Milliseconds between two looks at the leases, at the most. */
export const sweepPeriodMs = (timeoutMs: number): number => Math.min(1000, Math.max(20, timeoutMs / 10));

export class Watch implements IngestListener {
  private timer: NodeJS.Timeout | null = null;
  private readonly misconfigured = new Set<string>();
  private readonly periodMs: number;
  private sweepMs = 0;

  constructor(
    private readonly timeoutMs: number,
    private readonly ports: WatchPorts,
  ) {
    this.periodMs = sweepPeriodMs(timeoutMs);
  }

  /** Those that are known from before and were online have their time from now on. */
  start(): void {
    for (const name of this.ports.registry.childrenOf('')) {
      const record = this.ports.registry.get(name);
      if (record?.link === 'online') this.renew(record);
      else if (record?.restart) this.await(record);
    }
    this.every(Math.min(SWEEP_MS, this.periodMs));
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.sweepMs = 0;
  }

  state(record: NodeRecord, from: LinkFact | null): void {
    if (!isDirectChild(record.path)) return;
    if (record.link === 'online') this.renew(record);
    else if (record.link === 'offline' && record.restart) this.await(record);
    else this.ports.leases.drop(record.path);
    if (from === null || from === record.link) return;
    const reason = record.cause ?? record.reason ?? record.link;
    this.log(record, reason);
    const detail = { path: record.path, from, to: record.link };
    setImmediate(() => this.ports.publisher.event('link', reason, detail));
  }

  beat(record: NodeRecord, beat: Heartbeat, from: LinkFact | null): void {
    if (!isDirectChild(record.path)) return;
    this.checkInterval(record.path, beat.interval);
    if (isGoodbyeSince(record)) return;
    this.renew(record);
    // Known by a heartbeat alone: it was forgotten while alive, and its retained state with it.
    if (record.link !== 'online' || from === null) this.regain(record);
  }

  through(record: NodeRecord): void {
    this.renew(record);
    if (record.link !== 'online') this.regain(record);
  }

  forgotten(paths: readonly string[]): void {
    for (const path of paths) {
      this.ports.leases.drop(path);
      this.misconfigured.delete(path);
    }
  }

  /** Its connection is gone, and nobody else says so. */
  lose(name: string): void {
    if (this.ports.registry.get(name)?.link === 'online') this.speakFor(name, 'lost', 'will');
  }

  private log({ path, link, kind }: NodeRecord, reason: string): void {
    const { log } = this.ports;
    if (link === 'lost') log.warn({ kind, reason }, `${path} is lost: ${inWords(reason, this.timeoutMs)}`);
    else log.info({ kind, reason }, `${path} is ${link}`);
  }

  private renew(record: NodeRecord): void {
    const intervalMs = (record.interval ?? 0) * 1000;
    this.ports.leases.renew(record.path, this.ports.clock.mono(), leaseMs(this.timeoutMs, intervalMs));
  }

  /** It has announced a restart, and until when. */
  private await({ path, restart }: NodeRecord): void {
    if (restart) this.ports.leases.renew(path, restart.at.mono, restart.forMs);
  }

  private look(): void {
    this.sweep();
    const { leases, clock } = this.ports;
    const near = leases.isEndBy(clock.mono() + CALM_SWEEP_MS + SWEEP_MS);
    this.every(Math.min(near ? SWEEP_MS : CALM_SWEEP_MS, this.periodMs));
  }

  private every(ms: number): void {
    if (this.sweepMs === ms) return;
    this.sweepMs = ms;
    if (this.timer) clearInterval(this.timer);
    this.timer = setInterval(() => this.look(), ms);
  }

  private sweep(): void {
    const mono = this.ports.clock.mono();
    this.ports.registry.vigil?.look(mono);
    for (const name of this.ports.leases.expired(mono, this.periodMs)) {
      this.ports.release(name);
      this.speakFor(name, 'lost', 'timeout');
    }
  }

  private regain(record: NodeRecord): void {
    // Not from within the broker's own delivery of the heartbeat that told us; by then it may have said goodbye.
    setImmediate(() => isGoodbyeSince(record) || this.speakFor(record.path, 'online', 'heard again'));
  }

  private speakFor(name: string, link: LinkFact, reason: Cause | 'heard again'): void {
    const { registry } = this.ports;
    const record = registry.get(name);
    if (!record) return;
    const ownEpoch = registry.get('')?.epoch ?? null;
    this.ports.publisher.speakFor(name, spokenFor(record, link, reason, ownEpoch, this.ports.clock.now()));
  }

  /** Tells once per child, until it mends its ways. */
  private checkInterval(name: string, interval: number): void {
    const problem = intervalProblem(interval * 1000, this.timeoutMs);
    if (problem === null) return void this.misconfigured.delete(name);
    if (this.misconfigured.has(name)) return;
    this.misconfigured.add(name);
    setImmediate(() => this.ports.publisher.event('misconfigured', problem, { path: name }));
  }
}

/** It said goodbye after it had sent its last heartbeat: states and heartbeats go by ways of their own, and may overtake each other. */
const isGoodbyeSince = (record: NodeRecord): boolean =>
  record.link === 'offline' && record.beat !== null && isOvertaken(record.beat, record);

/** The contract's rule for `timeout` against a child's `hb_interval`; null where it is kept. */
export function intervalProblem(intervalMs: number, timeoutMs: number): string | null {
  if (intervalMs * 2 <= timeoutMs) return null;
  const found = `beats every ${intervalMs / 1000} s while the timeout of its parent is ${timeoutMs / 1000} s: `;
  return intervalMs < timeoutMs
    ? `${found}less than two intervals, so that one lost heartbeat makes it lost`
    : `${found}CANOPY_TIMEOUT must be higher than the highest CANOPY_HB_INTERVAL; it is not declared lost for it`;
}

const inWords = (reason: string, timeoutMs: number): string =>
  reason === 'timeout' ? `silent for ${timeoutMs / 1000} s` : 'its connection broke';
