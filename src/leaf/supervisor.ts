/** Runs the effects that the phase table decides on: the thin shell around one target. */
import type { Clock } from '../core/clock.js';
import {
  initialTarget,
  step,
  type TargetEffect,
  type TargetEvent,
  type TargetModel,
} from '../core/phases.js';
import { surelyAtOnce } from '../core/restart-policy.js';
import { adoptTarget, type Ended } from '../process/adopt.js';
import { Cgroup } from '../process/cgroup.js';
import { launchTarget } from '../process/launch.js';
import { groupIsMarked } from '../process/marked.js';
import type { RunningProcess } from '../process/spawn.js';
import type { Fate } from '../process/target-record.js';
import { keepFate } from './fate.js';
import { clearRemains } from './remains.js';
import { Run } from './run.js';
import type { TargetSpec } from './target-spec.js';
import { type ChangeListener, Telling } from './telling.js';
import { Waiting } from './waiting.js';

export class Supervisor {
  private current = initialTarget;
  private timer: NodeJS.Timeout | null = null;
  /** On the monotonic clock (ms). */
  private timerEndsAt = 0;
  private process: Run | null = null;
  /** What has followed the last run already, or why it could not; null: nothing, so that it is to be launched. */
  private coming: RunningProcess | Error | null = null;
  private readonly cgroup: Cgroup | null;
  /** What is left to the next leaf is none of our business any more. */
  private left = false;
  /** What an earlier leaf had decided about the target that was taken over. */
  fate: Fate | null = null;
  private readonly waiting = new Waiting();
  private readonly telling = new Telling();

  constructor(
    private readonly spec: TargetSpec,
    private readonly clock: Clock,
  ) {
    this.cgroup = Cgroup.named(`canopy-${spec.mark}`);
  }

  get model(): TargetModel {
    return this.current;
  }

  /** The process group of the run at hand; null where there is none. */
  get group(): number | null {
    return this.process?.group ?? null;
  }

  /** From now on every change is told, and those before, in order. */
  onChange(listener: ChangeListener): void {
    this.telling.to(listener);
  }

  dispatch(event: TargetEvent): void {
    if (this.left) return;
    const before = this.current;
    const at = { now: this.clock.mono(), policy: this.spec.policy, jitter: Math.random() };
    const next = step(before, event, at);
    this.current = next.model;
    keepFate(this.spec, next.model, before);
    if (next.model !== before) this.telling.add(next.model, before);
    // First the deed, then the tale. None of them dispatches at once.
    for (const effect of next.effects) this.run(effect);
    if (next.effects.some(({ type }) => type === 'spawn')) this.telling.soon();
    else this.telling.now();
    this.waiting.look();
  }

  /** Resolves with the first answer that `look` gives other than null, now or after any later change, unless `cut` first. */
  when<T>(look: (model: TargetModel) => T | null, cut?: AbortSignal): Promise<T> {
    return this.waiting.when(() => look(this.current), cut);
  }

  private get isStopping(): boolean {
    return this.current.phase === 'stopping';
  }

  /** Milliseconds until a target that does not stop by itself is killed; null while none is being stopped. */
  get graceLeftMs(): number | null {
    return this.isStopping ? Math.max(0, this.timerEndsAt - this.clock.mono()) : null;
  }

  /** False where no process of the target is left to take it. */
  signal(name: NodeJS.Signals): boolean {
    if (this.left || this.current.pid === null) return false;
    return this.process?.signal(name) ?? false;
  }

  /** Takes over what an earlier leaf of this data directory has left running; else tells how it ended, if that matters. */
  async adopt(): Promise<'running' | Ended | null> {
    const found = await adoptTarget(this.spec.dataDir);
    if (found && 'running' in found) {
      const { pid, startedAt } = found.running;
      const run = this.begin(found.running);
      this.dispatch({ type: 'adopted', pid, ranMs: Date.now() - startedAt });
      void this.watch(run);
      this.fate = found.fate;
      return 'running';
    }
    if (!this.spec.fresh) await this.clearLeftovers(found?.group ?? null);
    return found?.ended ?? null;
  }

  /** Of one that ended meanwhile there may be children left; one whose record was lost or spoilt would get a twin. */
  private async clearLeftovers(recorded: number | null): Promise<void> {
    const { mark } = this.spec;
    const group = recorded !== null && groupIsMarked(recorded, mark) ? recorded : null;
    await clearRemains({ group, cgroup: this.cgroup, outside: true, mark }, 0);
  }

  /** The target goes on without us, and nothing is started any more. */
  leave(): void {
    this.cancelTimer();
    this.process?.last();
    this.left = true;
    this.telling.now();
  }

  /** After the last stop: nothing of ours stays behind in the system. */
  close = async (): Promise<void> => this.cgroup?.remove();

  private run(effect: TargetEffect): void {
    switch (effect.type) {
      case 'spawn':
        return void this.spawn();
      case 'signal-stop':
        return this.process?.stop(this.spec.stopSignal);
      case 'kill':
        return this.process?.kill();
      case 'timer':
        this.cancelTimer();
        this.timer = setTimeout(() => this.dispatch({ type: effect.event }), effect.ms);
        this.timerEndsAt = this.clock.mono() + effect.ms;
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
    const { coming } = this;
    this.coming = null;
    try {
      if (coming instanceof Error) throw coming;
      this.runs(coming ?? (await this.launch()));
    } catch (error) {
      this.spec.output.ended();
      this.dispatch({ type: 'spawn-failed', message: (error as Error).message });
    }
  }

  private async launch(): Promise<RunningProcess> {
    const { output, ground, ...spec } = this.spec;
    return launchTarget({ ...spec, ...ground(), cgroup: this.cgroup?.path, output: output.outputs() });
  }

  private runs(started: RunningProcess): void {
    const run = this.begin(started);
    this.dispatch({ type: 'spawned', pid: started.pid });
    const { policy, output } = this.spec;
    const sure = surelyAtOnce(policy, this.current.history, this.clock.mono());
    if (!this.left && sure && output.longest !== null) run.follow({ ...sure, longest: output.longest });
    void this.watch(run);
  }

  private begin(running: RunningProcess): Run {
    this.process = new Run(running, this.cgroup, this.spec.mark);
    this.spec.output.began();
    return this.process;
  }

  private async watch(run: Run): Promise<void> {
    const exit = await run.ended();
    const next = await run.next;
    if (this.left) return;
    const isThere = next !== null && !(next instanceof Error);
    // It came before it could be told not to, and has to go as well.
    if (isThere && this.isStopping) return this.runs(next);
    if (!isThere) {
      await run.clear(this.graceLeftMs ?? 0, this.spec.stopSignal);
      this.spec.output.ended();
    }
    this.process = null;
    this.coming = this.isStopping ? null : next;
    this.dispatch({ type: 'exited', ...exit, ranMs: run.ranMs });
  }
}
