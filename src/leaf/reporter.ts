/** Tells above what the target does: state at every change and every connect, an event per change, heartbeats. */
import type { Clock } from '../core/clock.js';
import type { Health } from '../core/facts.js';
import type { TargetModel } from '../core/phases.js';
import type { Finding } from '../core/probes.js';
import type { Publisher } from '../node/publisher.js';
import { hostLoad } from '../process/host.js';
import { forgetUsage, usage } from '../process/usage.js';
import type { Heartbeat, State } from '../protocol/payloads.js';

export interface LeafFacts {
  readonly app: string;
  readonly epoch: number;
  /** Seconds. */
  readonly interval: number;
}

/** What is so beside the target: told with every state. */
export type Traits = Pick<State, 'desired' | 'labels' | 'host' | 'maintenance' | 'ephemeral'>;
/** Without a probe or a limit a running target passes. */
export const NOTHING_FOUND: Finding = { health: 'passing', reason: null };

export class LeafReporter {
  private told: Traits = {};

  constructor(
    private readonly facts: LeafFacts,
    private readonly publisher: Publisher,
    private readonly clock: Clock,
    private readonly traits: () => Traits = () => ({}),
    /** How the target is, besides what it does. */
    private readonly finding: () => Finding = () => NOTHING_FOUND,
  ) {}

  state(model: TargetModel, link: State['link'] = 'online'): void {
    const state = leafState(this.facts, model, link, this.clock.now(), this.finding());
    this.told = this.traits();
    this.publisher.state({ ...state, ...this.told });
  }

  /** `forMs`: of a planned restart, in which it means to be back. */
  goodbye(model: TargetModel, forMs: number | null): void {
    if (forMs === null) return this.state(model, 'offline');
    const now = this.clock.now();
    const state = leafState(this.facts, model, 'offline', now, this.finding());
    const restartBy = now + Math.round(forMs);
    this.publisher.state({ ...state, ...this.traits(), reason: 'restart', restartBy });
  }

  /** Tells the state again where something beside the target has changed since. */
  retell(model: TargetModel): void {
    const { desired, maintenance } = this.traits();
    if (desired !== this.told.desired || maintenance !== this.told.maintenance) this.state(model);
  }

  /** Something else was found of a target that does what it did. */
  health(model: TargetModel, now: Finding, before: Finding): void {
    this.state(model);
    if (now.health === before.health) return;
    this.publisher.event('health', now.reason ?? model.reason, { from: before.health, to: now.health });
  }

  change(model: TargetModel, before: TargetModel): void {
    this.state(model);
    if (model.pid !== before.pid && before.pid !== null) forgetUsage(before.pid);
    if (model.phase === before.phase) return;
    this.publisher.event('phase', model.reason, { from: before.phase, to: model.phase });
  }

  async beat(seq: number, model: () => TargetModel): Promise<void> {
    const { pid } = model();
    const measured = pid === null ? null : await usage(pid).catch(() => null);
    const { app, epoch, interval } = this.facts;
    const now = model(); // it may have changed while we measured
    const { load, memory } = hostLoad();
    const heartbeat: Heartbeat = {
      v: 1,
      epoch,
      seq,
      ts: this.clock.now(),
      interval,
      kind: 'leaf',
      app,
      phase: now.phase,
      health: healthOf(now, this.finding()),
      pid: now.pid,
      uptime: now.pid === null ? 0 : Math.round(this.clock.mono() - now.startedAt) / 1000,
      restarts: Math.max(0, now.generation - 1),
      cpu: measured ? Math.round(measured.cpu * 1e4) / 1e4 : 0,
      rss: measured?.rss ?? 0,
    };
    if (load !== null) heartbeat.load = load;
    heartbeat.memory = memory;
    this.publisher.beat(heartbeat);
  }
}

/** Of one that does not run nothing is known. */
export const healthOf = (model: TargetModel, { health }: Finding = NOTHING_FOUND): Health =>
  model.phase === 'running' ? health : 'unknown';

export function leafState(
  facts: LeafFacts,
  model: TargetModel,
  link: State['link'],
  now: number,
  finding: Finding = NOTHING_FOUND,
): State {
  const state: State = {
    v: 1,
    epoch: facts.epoch,
    ts: now,
    kind: 'leaf',
    app: facts.app,
    link,
    phase: model.phase,
    health: healthOf(model, finding),
    reason: (finding.reason ?? model.reason).slice(0, 1024),
    pid: model.pid,
  };
  if (model.exitCode !== null) state.exitCode = model.exitCode;
  if (model.signal !== null) state.signal = model.signal;
  return state;
}
