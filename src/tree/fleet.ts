/** Carries a command out on many leaves below this node: resolved here, whatever is or is not above. */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CanopyError } from '../core/errors.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Registry } from '../core/registry.js';
import { type LeafOutcome, type Rollout, rolloutOf, summarize } from '../core/rollout.js';
import { selected } from '../core/selection.js';
import { verdict } from '../core/verdict.js';
import { Outcome, type Progress } from '../node/responder.js';
import { LEAF_OPS } from '../protocol/commands.js';
import type { Command } from '../protocol/payloads.js';
import type { Desk } from './desk.js';

/** Leaves at a time where nobody asks for less. */
const AT_ONCE = 200;
/** Milliseconds between two looks whether a leaf is up. */
const LOOK_MS = 20;

export class Fleet {
  constructor(
    private readonly registry: Registry,
    private readonly desk: Desk,
  ) {}

  /** Checks all of it before anything is done; what it returns carries it out. */
  readonly plan = (command: Command): ((progress: Progress) => Promise<Outcome>) => {
    if (!(LEAF_OPS as readonly string[]).includes(command.op)) {
      throw new CanopyError(
        'unsupported-op',
        `"${command.op}" takes no select; with one: ${LEAF_OPS.join(', ')}`,
      );
    }
    if (command.pick !== undefined && command.pick !== 'all') {
      throw new CanopyError('unsupported-op', 'to pick some by a strategy is not supported by this version');
    }
    const { rollout, rest } = rolloutOf(command.args ?? {});
    const select = command.select ?? {};
    const leaves = selected(this.registry, select);
    if (leaves.length === 0)
      throw new CanopyError('not-found', `no leaf here fits ${JSON.stringify(select)}`);
    return progress =>
      new Run(this.registry, this.desk, { ...command, args: rest }, rollout, progress).all(leaves);
  };
}

class Run {
  private readonly done: LeafOutcome[] = [];
  private readonly underWay = new Set<string>();

  constructor(
    private readonly registry: Registry,
    private readonly desk: Desk,
    private readonly command: Command,
    private readonly rollout: Rollout,
    private readonly progress: Progress,
  ) {}

  async all(leaves: readonly NodeRecord[]): Promise<Outcome> {
    const { dryRun, parallelism, maxUnavailable } = this.rollout;
    if (dryRun) return this.planned(leaves);
    // Those that serve nobody anyway come first: they cost nothing of what may be unavailable.
    const queue = [...leaves].sort((a, b) => Number(this.isUp(a)) - Number(this.isUp(b)));
    const width = Math.min(parallelism ?? AT_ONCE, maxUnavailable ?? AT_ONCE, queue.length);
    await Promise.all(Array.from({ length: width }, () => this.work(queue, leaves)));
    const inOrder = this.done.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const { status, data } = summarize(inOrder);
    return new Outcome(status, data);
  }

  private planned(leaves: readonly NodeRecord[]): Outcome {
    const results = leaves.map(
      (leaf): LeafOutcome => ({
        path: leaf.path,
        status: this.isReachable(leaf) ? 'planned' : 'unreachable',
      }),
    );
    const { status, data } = summarize(results, true);
    return new Outcome(status, data);
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
    const outcome = await this.command1(path, deadline);
    if (outcome.status === 'succeeded' && !(await this.upAgain(leaf, deadline))) {
      return { path, status: 'timedOut', error: 'it was not up again in time' };
    }
    this.underWay.delete(path);
    return outcome;
  }

  private async command1(path: string, deadline: number): Promise<LeafOutcome> {
    const { expiresAt, by, op, args } = this.command;
    const id = subId(this.command.id, path);
    const own = {
      v: 1,
      id,
      op,
      ...(args && { args }),
      ...(expiresAt && { expiresAt }),
      ...(by && { by }),
    } as const;
    try {
      this.desk.send(path, own);
    } catch (error) {
      return { path, status: 'unreachable', error: (error as Error).message };
    }
    const result = await this.desk.wait(id, deadline - performance.now());
    if (!result?.done) return { path, status: this.isReachable({ path }) ? 'timedOut' : 'unreachable' };
    if (result.status === 'succeeded') return { path, status: 'succeeded' };
    const error = result.error ? `${result.error.code}: ${result.error.message}` : result.status;
    return { path, status: result.error?.code === 'no-result' ? 'timedOut' : 'failed', error };
  }

  /** Waits until one more may be unavailable. */
  private room(leaf: NodeRecord, leaves: readonly NodeRecord[], deadline: number): Promise<boolean> {
    const { maxUnavailable } = this.rollout;
    if (maxUnavailable === null || !this.isUp(leaf)) return Promise.resolve(true);
    const away = (other: NodeRecord): boolean => this.underWay.has(other.path) || !this.isUp(other);
    return eventually(() => leaves.filter(away).length < maxUnavailable, deadline);
  }

  /** With a limit on who is unavailable, a leaf that was started is waited for until it is up. */
  private upAgain(leaf: NodeRecord, deadline: number): Promise<boolean> {
    const starts = this.command.op === 'start' || this.command.op === 'restart';
    if (this.rollout.maxUnavailable === null || !starts) return Promise.resolve(true);
    return eventually(() => this.isUp(leaf), deadline);
  }

  private isUp({ path }: { path: string }): boolean {
    const record = this.registry.get(path);
    return record !== undefined && verdict(this.registry, record).status === 'up';
  }

  private isReachable({ path }: { path: string }): boolean {
    const record = this.registry.get(path);
    return record?.link === 'online' && verdict(this.registry, record).blockedBy === null;
  }
}

async function eventually(test: () => boolean, deadline: number): Promise<boolean> {
  while (!test()) {
    if (performance.now() >= deadline) return false;
    await pause(LOOK_MS);
  }
  return true;
}

/** Of its own for each leaf, and the same at a redelivery: the leaf executes it once. */
const subId = (id: string, path: string): string =>
  createHash('sha256').update(`${id}\n${path}`).digest('base64url').slice(0, 22);
