/** How a running target is: by its probes and by the memory that it takes. */
import { setInterval as every } from 'node:timers/promises';
import { judgeMemory, type MemoryLimits } from '../core/memory-limits.js';
import type { TargetModel } from '../core/phases.js';
import { type Finding, findingOf, type ProbePolicies } from '../core/probes.js';
import { type Look, Prober } from './probes.js';

export interface HealthSpec {
  readonly policies: ProbePolicies;
  readonly look: Look;
  readonly limits: MemoryLimits;
  /** Milliseconds between two looks at the memory. */
  readonly memoryMs: number;
}

export interface HealthPorts {
  /** Bytes in memory of the target; null where that is not known now. */
  rss(): Promise<number | null>;
  /** It has to go. */
  unhealthy(reason: string): void;
  /** While it runs, another health, or another reason for it. */
  told(now: Finding, before: Finding): void;
}

export class HealthWatch {
  private readonly prober: Prober;
  private found: Finding;
  private memory: string | null = null;
  private run: AbortController | null = null;

  constructor(
    private readonly spec: HealthSpec,
    private readonly ports: HealthPorts,
  ) {
    this.prober = new Prober(spec.policies, spec.look, () => this.judge());
    this.found = this.finding();
  }

  /** Of the run at hand. */
  get now(): Finding {
    return this.found;
  }

  /** To be told of every change of the target, before anybody asks how it is. */
  changed(now: TargetModel, before: TargetModel): void {
    if (now.phase !== 'running') this.end();
    else if (before.phase !== 'running' || now.generation !== before.generation) this.begin();
  }

  end(): void {
    this.run?.abort();
    this.run = null;
    this.prober.end();
    this.found = { health: 'unknown', reason: null };
  }

  private begin(): void {
    this.end();
    this.memory = null;
    this.run = new AbortController();
    this.prober.begin();
    this.found = this.finding();
    const { warn, max } = this.spec.limits;
    if (warn !== null || max !== null) void this.watchMemory(this.run.signal);
  }

  private finding(): Finding {
    return findingOf(this.prober.model, this.spec.policies, this.memory);
  }

  private judge(): void {
    const { condemned } = this.prober.model;
    if (condemned !== null) return this.ports.unhealthy(condemned);
    const before = this.found;
    this.found = this.finding();
    const { health, reason } = this.found;
    if (health !== before.health || reason !== before.reason) this.ports.told(this.found, before);
  }

  private async watchMemory(run: AbortSignal): Promise<void> {
    const ticks = every(this.spec.memoryMs, null, { signal: run });
    try {
      for await (const _ of ticks) {
        // What can't be measured now may be the next time (EMFILE, say).
        const rss = await this.ports.rss().catch(() => null);
        if (run.aborted) return;
        if (rss !== null) this.weigh(rss);
      }
    } catch {
      // The run is over.
    }
  }

  private weigh(rss: number): void {
    const { over, reason } = judgeMemory(rss, this.spec.limits, this.memory !== null);
    if (over === 'max') return this.ports.unhealthy(reason);
    // As it was when it began: what it takes now is in the heartbeats.
    this.memory = over === null ? null : (this.memory ?? reason);
    this.judge();
  }
}
