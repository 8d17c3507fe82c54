/** Carries a command out on many leaves below this node: resolved here, whatever is or is not above. */
import type { Strategy } from '../balance/choose.js';
import { isMeant } from '../balance/fitness.js';
import { picked } from '../balance/picks.js';
import { strategyOf } from '../balance/requests.js';
import { onlyKnown } from '../core/arguments.js';
import { CanopyError } from '../core/errors.js';
import type { NodeRecord } from '../core/node-record.js';
import { type LeafOutcome, ROLLOUT_KEYS, type Rollout, rolloutOf, summarize } from '../core/rollout.js';
import { type Select, selected } from '../core/selection.js';
import { checkArguments } from '../node/leaf-commands.js';
import { FOLLOW_ARGUMENTS } from '../node/log-commands.js';
import { Outcome, type Plan, type Progress } from '../node/responder.js';
import { LEAF_OPS } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import type { Errands } from './errands.js';

/** The arguments of a leaf's command, beside those that say how it is carried out on many. */
const OWN_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  signal: ['signal'],
  maintenance: ['mode', 'for', 'until'],
  follow: FOLLOW_ARGUMENTS,
};

/** Leaves at a time where nobody asks for less. */
const AT_ONCE = 200;

/** Checks all of it before anything is done; what it returns carries it out. */
export const manyPlan =
  (errands: Errands): Plan =>
  command => {
    if (!(LEAF_OPS as readonly string[]).includes(command.op)) {
      throw new CanopyError(
        'unsupported-op',
        `"${command.op}" takes no select; with one: ${LEAF_OPS.join(', ')}`,
      );
    }
    // Its lines come on the `res` of each leaf, and nobody would be waiting there.
    if (command.op === 'logs')
      throw new CanopyError(
        'unsupported-op',
        '"logs" takes no select: address each leaf, or ask REST (GET /api/v1/logs/<path>)',
      );
    onlyKnown(command.op, command.args ?? {}, [...(OWN_ARGUMENTS[command.op] ?? []), ...ROLLOUT_KEYS]);
    const { rollout, rest } = rolloutOf(command.args ?? {});
    checkArguments({ ...command, args: rest }, errands.clock.now());
    const pick = pickOf(command);
    const fitting = leavesFor(errands, command, command.select ?? {});
    const choice = { op: command.op, mono: errands.now() };
    const leaves = pick === null ? fitting : picked(errands.registry, fitting, { ...choice, ...pick });
    const missing = pick === null ? 0 : pick.count - leaves.length;
    return progress => new Run(errands, { ...command, args: rest }, rollout, progress).all(leaves, missing);
  };

/** Those that are to stay stopped (stand-by slots, what an operator has stopped) have nothing to restart or to signal. */
const RUNNING_ONLY: ReadonlySet<string> = new Set(['restart', 'signal']);

function leavesFor({ registry }: Errands, { op, pick }: Command, select: Select): NodeRecord[] {
  // Somebody may have left out, or misspelt, the very thing that would have spared the rest.
  if (pick !== undefined && Object.keys(select).length === 0) {
    const expected = 'it with a select (all, app=…, path=… or label=…)';
    throw new CanopyError('bad-argument', `pick: expected ${expected}, found pick=${pick} alone`);
  }
  const fitting = selected(registry, select);
  const leaves = RUNNING_ONLY.has(op) ? fitting.filter(isMeant) : fitting;
  if (leaves.length > 0) return leaves;
  const what =
    fitting.length > 0
      ? `none of the ${fitting.length} leaves that fit is meant to run`
      : 'no leaf here fits';
  throw new CanopyError('not-found', `${what}: ${JSON.stringify(select)}`);
}

/** Null: all of them. Throws `bad-argument`. */
function pickOf({ pick, strategy }: Command): { count: number; strategy: Strategy } | null {
  const by = strategyOf(strategy);
  if (pick !== undefined && pick !== 'all') return { count: pick, strategy: by };
  if (strategy === undefined) return null;
  throw new CanopyError('bad-argument', `strategy: expected it with pick=NUMBER, found ${strategy} alone`);
}

/** Nothing is unavailable for it: how many others are is no matter. */
const takesNobody = ({ op, args }: Command): boolean =>
  op === 'ping' || (op === 'maintenance' && args?.mode === 'off');

class Run {
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
    const failedBefore = this.done.some(outcome => outcome.status !== 'succeeded');
    if (this.rollout.stopOnFailure && failedBefore) return { path, status: 'skipped' };
    if (!this.isReachable(leaf)) return { path, status: 'unreachable' };
    const deadline = performance.now() + this.rollout.timeoutMs;
    if (!(await this.room(leaf, leaves, deadline))) {
      return {
        path,
        status: 'timedOut',
        error: 'as many others as are allowed to were not up all the while',
      };
    }
    this.underWay.add(path);
    const outcome = await this.command(path, deadline);
    if (outcome.status === 'succeeded' && !(await this.upAgain(leaf, deadline))) {
      return { path, status: 'timedOut', error: 'it was not up again in time' };
    }
    this.underWay.delete(path);
    return outcome;
  }

  private async command(path: string, deadline: number): Promise<LeafOutcome> {
    const { id, expiresAt, by, op, args } = this.whole;
    const part = { op, ...(args && { args }), ...(expiresAt && { expiresAt }), ...(by && { by }) };
    return (await this.errands.run(path, part, { id }, deadline)).outcome;
  }

  /** Waits until one more may be unavailable. */
  private room(leaf: NodeRecord, leaves: readonly NodeRecord[], deadline: number): Promise<boolean> {
    const { maxUnavailable } = this.rollout;
    if (maxUnavailable === null || takesNobody(this.whole)) return Promise.resolve(true);
    // One that is not up costs nothing, unless those that this very command has taken down do not come back.
    if (!this.isUp(leaf)) return this.errands.eventually(() => this.underWay.size < maxUnavailable, deadline);
    const away = (other: NodeRecord): boolean => this.underWay.has(other.path) || !this.isUp(other);
    return this.errands.eventually(() => leaves.filter(away).length < maxUnavailable, deadline);
  }

  /** With a limit on who is unavailable, a leaf that was started is waited for until it is up. */
  private upAgain(leaf: NodeRecord, deadline: number): Promise<boolean> {
    const starts = this.whole.op === 'start' || this.whole.op === 'restart';
    if (this.rollout.maxUnavailable === null || !starts) return Promise.resolve(true);
    return this.errands.eventually(() => this.isUp(leaf), deadline);
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
