/** The target of a leaf from the first moment on: taken over or started before the leaf tells anybody of it. */
import type { Clock } from '../core/clock.js';
import type { TargetEvent } from '../core/phases.js';
import type { LogStore } from '../logs/store.js';
import type { CommandMemory } from '../node/memory.js';
import type { Ended } from '../process/adopt.js';
import { beginning, startsOne } from './beginning.js';
import type { DesiredState } from './desired.js';
import { endTarget } from './ending.js';
import { carriedOn } from './fate.js';
import type { Order } from './first-start.js';
import { Supervisor } from './supervisor.js';
import type { TargetSpec } from './target-spec.js';

export interface LeafTargetOptions {
  readonly spec: TargetSpec;
  /** Keeps what it writes. */
  readonly logs: LogStore;
  readonly desired: DesiredState;
  readonly memory: CommandMemory;
  /** Its leaf's place among those of this process; null: it needs nobody, and nobody needs it. */
  readonly order: Order | null;
  readonly clock: Clock;
}

export class LeafTarget {
  readonly supervisor: Supervisor;
  /** How it is to be started once nobody is in the way; null: that is done, or not wanted. */
  waiting: TargetEvent | null = null;
  private left: 'running' | Ended | null = null;
  private ending: Promise<void> | null = null;

  constructor(private readonly options: LeafTargetOptions) {
    this.supervisor = new Supervisor(options.spec, options.clock);
  }

  /** Whether it is an earlier leaf's, which runs on. */
  get adopted(): boolean {
    return this.left === 'running';
  }

  /** Before any command can come: a start would be a twin. Resolves when it is about to be started, where it is. */
  async begin(): Promise<void> {
    const { spec, logs, desired, memory, order } = this.options;
    logs.open();
    this.left = await this.supervisor.adopt();
    const wanted = desired.get() === 'running';
    // The leaf that should have stopped it was ended over that.
    if (this.adopted && !wanted) this.supervisor.dispatch({ type: 'stop', by: 'an earlier command' });
    const begun = wanted ? carriedOn(this.supervisor.fate) : null;
    if (begun) this.supervisor.dispatch(begun);
    if (this.left === 'running' || !wanted) return;
    const first = beginning(this.left, memory.unfinished());
    const waits = order !== null && order.blockers().length > 0 && startsOne(first, spec.policy);
    if (waits) this.waiting = first;
    else this.supervisor.dispatch(first);
  }

  /** Once: stops it, unless it `goesOn` for the next leaf. */
  end(goesOn: boolean): Promise<void> {
    this.ending ??= this.close(goesOn);
    return this.ending;
  }

  private async close(goesOn: boolean): Promise<void> {
    if (goesOn) this.supervisor.leave();
    else await endTarget(this.supervisor, this.options.spec.dataDir);
    await this.options.logs.stop();
  }
}
