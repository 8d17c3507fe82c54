/** A command to many leaves under way: so many at a time, so many not up, and what became of each. */
import { isMeant } from '../balance/fitness.js';
import type { NodeRecord } from '../core/node-record.js';
import { type LeafOutcome, type Rollout, summarize } from '../core/rollout.js';
import { Outcome, type Progress } from '../node/responder.js';
import type { Command } from '../protocol/payloads.js';
import type { Errands } from './errands.js';

/** Leaves at a time where nobody asks for less. */
const AT_ONCE = 200;

/** Those that are to stay stopped (stand-by slots, what an operator has stopped) have nothing to restart or to signal. */
export const RUNNING_ONLY: ReadonlySet<string> = new Set(['restart', 'signal']);

/** Nothing is unavailable for it: how many others are is no matter. */
const takesNobody = ({ op, args }: Command): boolean =>
  op === 'ping' || (op === 'maintenance' && args?.mode === 'off');

export class ManyRun {
  private readonly done: LeafOutcome[] = [];
  private readonly underWay = new Set<string>();

  constructor(
    private readonly errands: Errands,
    private readonly whole: Command,
    private readonly rollout: Rollout,
    private readonly progress: Progress,
  ) {}

  /** `missing`: more were asked for than there are fit ones. */
  async all(leaves: readonly NodeRecord[], missing: number): Promise<Outcome> {
    const { dryRun, parallelism, maxUnavailable } = this.rollout;
    if (dryRun) return this.planned(leaves, missing);
    // Those that serve nobody anyway come first: they cost nothing of what may be unavailable.
    const queue = [...leaves].sort((a, b) => Number(this.isUp(a)) - Number(this.isUp(b)));
    const width = Math.min(parallelism ?? AT_ONCE, maxUnavailable ?? AT_ONCE, queue.length);
    await Promise.all(Array.from({ length: width }, () => this.work(queue, leaves)));
    const inOrder = this.done.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    return outcomeOf(inOrder, missing, false);
  }

  private planned(leaves: readonly NodeRecord[], missing: number): Outcome {
    const results = leaves.map(
      (leaf): LeafOutcome => ({
        path: leaf.path,
        status: this.isReachable(leaf) ? 'planned' : 'unreachable',
      }),
    );
    return outcomeOf(results, missing, true);
  }

  private async work(queue: NodeRecord[], leaves: readonly NodeRecord[]): Promise<void> {
    for (let leaf = queue.shift(); leaf; leaf = queue.shift()) {
      const outcome = await this.one(leaf, leaves);
      this.done.push(outcome);
      this.progress({ done: this.done.length, expected: leaves.length });
    }
  }

  private async one(leaf: NodeRecord, leaves: readonly NodeRecord[]): Promise<LeafOutcome> {
    const { path } = leaf;
    if (this.isSpared(leaf)) return { path, status: 'skipped' };
    if (!this.isReachable(leaf)) return { path, status: 'unreachable' };
    const deadline = performance.now() + this.rollout.timeoutMs;
    if (!(await this.room(leaf, leaves, deadline))) {
      return {
        path,
        status: 'timedOut',
        error: 'as many others as are allowed to were not up all the while',
      };
    }
    // Others may have failed, or somebody may have stopped it, while it waited for its turn.
    const outcome = this.isSpared(leaf)
      ? ({ path, status: 'skipped' } as const)
      : await this.command(path, deadline);
    if (outcome.status === 'succeeded' && !(await this.upAgain(leaf, deadline))) {
      if (this.isMeant(leaf)) return { path, status: 'timedOut', error: 'it was not up again in time' };
      this.underWay.delete(path);
      return { path, status: 'failed', error: 'it was stopped meanwhile' };
    }
    this.underWay.delete(path);
    return outcome;
  }

  private isSpared(leaf: NodeRecord): boolean {
    const { stopOnFailure } = this.rollout;
    const hasFailed = ({ status }: LeafOutcome): boolean => status !== 'succeeded' && status !== 'skipped';
    if (stopOnFailure && this.done.some(hasFailed)) return true;
    return RUNNING_ONLY.has(this.whole.op) && !this.isMeant(leaf);
  }

  private async command(path: string, deadline: number): Promise<LeafOutcome> {
    const { id, expiresAt, by, op, args } = this.whole;
    const part = { op, ...(args && { args }), ...(expiresAt && { expiresAt }), ...(by && { by }) };
    return (await this.errands.run(path, part, { id }, deadline)).outcome;
  }

  /** Waits until one more may be unavailable, and takes that place in the same moment: others wait for it as well. */
  private room(leaf: NodeRecord, leaves: readonly NodeRecord[], deadline: number): Promise<boolean> {
    const take = (isFree: boolean): boolean => {
      if (isFree) this.underWay.add(leaf.path);
      return isFree;
    };
    const { maxUnavailable } = this.rollout;
    if (maxUnavailable === null || takesNobody(this.whole)) return Promise.resolve(take(true));
    // One that is not up costs nothing, unless those that this very command has taken down do not come back.
    if (!this.isUp(leaf))
      return this.errands.eventually(() => take(this.underWay.size < maxUnavailable), deadline);
    // Nor does one that somebody has stopped on purpose, unless this very command does that.
    const isMissed = (other: NodeRecord): boolean => this.whole.op === 'stop' || this.isMeant(other);
    const isAway = (other: NodeRecord): boolean =>
      this.underWay.has(other.path) || (!this.isUp(other) && isMissed(other));
    return this.errands.eventually(() => take(leaves.filter(isAway).length < maxUnavailable), deadline);
  }

  /** With a limit on who is unavailable, a leaf that was started is waited for until it is up. */
  private upAgain(leaf: NodeRecord, deadline: number): Promise<boolean> {
    const starts = this.whole.op === 'start' || this.whole.op === 'restart';
    if (this.rollout.maxUnavailable === null || !starts) return Promise.resolve(true);
    const isOver = (): boolean => this.isUp(leaf) || !this.isMeant(leaf);
    return this.errands.eventually(isOver, deadline).then(() => this.isUp(leaf));
  }

  private isMeant({ path }: { path: string }): boolean {
    const record = this.errands.registry.get(path);
    return record !== undefined && isMeant(record);
  }

  private isUp({ path }: { path: string }): boolean {
    return this.errands.isUp(path);
  }

  private isReachable({ path }: { path: string }): boolean {
    return this.errands.isReachable(path);
  }
}

function outcomeOf(results: readonly LeafOutcome[], missing: number, dryRun: boolean): Outcome {
  const { status, data } = summarize(results, dryRun);
  if (missing === 0) return new Outcome(status, data);
  return new Outcome(data.succeeded === 0 && !dryRun ? 'failed' : 'partial', { ...data, missing });
}
