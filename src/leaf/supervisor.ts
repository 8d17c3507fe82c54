/** Runs the effects that the phase table decides on: the thin shell around one target. */
import type { Clock } from '../core/clock.js';
import {
  initialTarget,
  step,
  type TargetEffect,
  type TargetEvent,
  type TargetModel,
  type TargetPolicy,
} from '../core/phases.js';
import { openOutput } from '../process/output.js';
import { groupAlive, signalGroup } from '../process/signals.js';
import { type RunningProcess, startProcess } from '../process/spawn.js';

export interface TargetSpec {
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Takes stdout and stderr through an O_APPEND descriptor, so that the target outlives us. */
  readonly outputFile: string;
  readonly stopSignal: NodeJS.Signals;
  readonly policy: TargetPolicy;
}

export type ChangeListener = (now: TargetModel, before: TargetModel) => void;

/** Milliseconds that a killed group may take to be gone; more means that the kernel holds one of it. */
const GONE_DEADLINE_MS = 1000;
/** Milliseconds that what is known of a group may be old: many targets may end at once. */
const LOOK_MS = 30;

export class Supervisor {
  private current = initialTarget;
  private timer: NodeJS.Timeout | null = null;
  private readonly waiters = new Set<() => void>();

  constructor(
    private readonly spec: TargetSpec,
    private readonly clock: Clock,
    private readonly changed: ChangeListener,
  ) {}

  get model(): TargetModel {
    return this.current;
  }

  dispatch(event: TargetEvent): void {
    const before = this.current;
    const next = step(before, event, this.clock.mono(), this.spec.policy);
    this.current = next.model;
    if (next.model !== before) this.changed(next.model, before);
    for (const effect of next.effects) this.run(effect);
    for (const check of [...this.waiters]) check();
  }

  /** Resolves with the first answer that `look` gives other than null, now or after any later change. */
  when<T>(look: (model: TargetModel) => T | null): Promise<T> {
    return new Promise(resolve => {
      const check = (): void => {
        const found = look(this.current);
        if (found === null) return;
        this.waiters.delete(check);
        resolve(found);
      };
      this.waiters.add(check);
      check();
    });
  }

  /** False where no process of the target is left to take it. */
  signal(name: NodeJS.Signals): boolean {
    try {
      return this.current.pid !== null && signalGroup(this.current.pid, name);
    } catch {
      return false; // EPERM: it has become another user's
    }
  }

  private run(effect: TargetEffect): void {
    switch (effect.type) {
      case 'spawn':
        return void this.spawn();
      case 'signal-stop':
        return void this.signal(this.spec.stopSignal);
      case 'kill':
        return void this.signal('SIGKILL');
      case 'timer':
        this.cancelTimer();
        this.timer = setTimeout(() => this.dispatch({ type: effect.event }), effect.ms);
        return;
      case 'cancel-timer':
        return this.cancelTimer();
    }
  }

  private cancelTimer(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  private async spawn(): Promise<void> {
    let started: RunningProcess;
    try {
      const output = await openOutput(this.spec.outputFile);
      const { words, env } = this.spec;
      started = await startProcess({ words, env, output: output.fd }).finally(() => output.close());
    } catch (error) {
      return this.dispatch({ type: 'spawn-failed', message: (error as Error).message });
    }
    this.dispatch({ type: 'spawned', pid: started.pid });
    const exit = await started.exited;
    await this.clearGroup(started.pid);
    this.dispatch({ type: 'exited', ...exit });
  }

  /** What the target left in its group goes with it: at once after a crash, within the grace period at a stop. */
  private async clearGroup(pid: number): Promise<void> {
    if (!groupAlive(pid)) return;
    const stopping = this.current.phase === 'stopping';
    const killAt = this.clock.mono() + (stopping ? this.spec.policy.graceMs : 0);
    while (groupAlive(pid, LOOK_MS) && this.clock.mono() < killAt) await pause();
    signalGroup(pid, 'SIGKILL');
    const giveUpAt = this.clock.mono() + GONE_DEADLINE_MS;
    while (groupAlive(pid, LOOK_MS) && this.clock.mono() < giveUpAt) await pause();
  }
}

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 10));
