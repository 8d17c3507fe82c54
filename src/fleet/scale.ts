/**
 * `scale`: so many instances of an app below this node. Shares are worked out over what is right below by its roll-ups; a relay is
 * told its share and does the same, a leaf is started or stopped. A share is what it is to have, not what to add: a figure that
 * was out of date then costs a worse place, never a wrong count.
 */
import type { ScaleRequest } from '../balance/requests.js';
import { isChange, type Share, sharesOf } from '../balance/shares.js';
import { keyOf } from '../balance/standing-order.js';
import type { Service, Unit } from '../balance/units.js';
import type { Capacity } from '../core/app-capacity.js';
import { type LeafOutcome, summarize } from '../core/rollout.js';
import { Outcome, type Progress } from '../node/responder.js';
import type { Errands } from './errands.js';
import { figuresOf, leftTo, listed, unitsNow, unseen } from './figures.js';
import { ordered, silentFor, unanswered } from './others.js';
import {
  type ActionOutcome,
  actionOf,
  childCommand,
  isAnswer,
  mayBeStarted,
  pathsIn,
  type ScaleAnswer,
  type ScaleLimits,
  type ScaleOrigin,
} from './scale-actions.js';

/** What could not be had in one place is tried in others so often. */
const MOST_ROUNDS = 5;

/** A later number for the same slots makes an earlier one pointless. */
export const scaleKind = (service: Service): string => `scale of ${keyOf(service)}`;

export class ScaleRun {
  private readonly results: ActionOutcome[] = [];
  /** Leaves that did not get up, relays that somebody else scales: no more slots for this time. */
  private readonly failed = new Set<string>();
  /** What relays have answered: newer than their roll-ups. */
  private readonly told = new Map<string, Capacity>();
  /** What became of these is not known: they may run or not, whatever is counted. */
  private readonly uncertain = new Set<string>();
  /** These keep to standing orders of their own. */
  private readonly keptBy = new Set<string>();
  private expected = 0;
  private done = 0;
  private readonly cutShort: Promise<null>;

  /** `cut`: a later one takes its place, and counts on what this one has done. */
  constructor(
    private readonly errands: Errands,
    private readonly request: ScaleRequest,
    private readonly origin: ScaleOrigin,
    private readonly progress: Progress,
    private readonly cut: AbortSignal,
    private readonly limits: ScaleLimits = {},
  ) {
    for (const path of limits.avoid ?? []) this.failed.add(path);
    if (limits.orders?.length) this.keptBy.add('');
    this.cutShort = new Promise(resolve =>
      cut.addEventListener('abort', () => resolve(null), { once: true }),
    );
  }

  /** Throws the reason of the cut. */
  async run(): Promise<Outcome> {
    const { errands, request, cut } = this;
    for (const path of await silentFor(errands, request, request.timeoutMs, cut)) this.uncertain.add(path);
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const { shares } = this.shares();
      const due = shares.filter(share => this.isDue(share, round));
      const others = due.length > 0 || request.dryRun ? [] : ordered(errands, this.units());
      if (due.length + others.length === 0) break;
      for (const path of await unanswered(errands, others, cut)) this.uncertain.add(path);
      this.expected += due.length;
      await Promise.all(due.map(share => this.carryOut(share, round)));
      this.cut.throwIfAborted();
      if (this.request.dryRun && (round > 0 || this.keptBy.size === 0)) break;
      // What was planned counted on what is kept there.
      if (this.request.dryRun) this.results.length = 0;
    }
    return this.outcome();
  }

  private units(): Unit[] {
    const { orders = [] } = this.limits;
    return unitsNow(this.errands, this.request).map(each => {
      const unit = leftTo(orders, this.errands, each);
      const told = this.told.get(unit.path);
      if (told) return { ...unit, ...told, held: told.held ?? 0, ailing: told.ailing ?? 0 };
      return this.failed.has(unit.path) ? { ...unit, free: 0 } : unit;
    });
  }

  private shares() {
    return sharesOf(this.units(), this.request.count, this.request.strategy, Math.random);
  }

  /** A relay is told its share at first in any case: only then do the shares add up for certain. */
  private isDue(share: Share, round: number): boolean {
    const { kind, path } = share.unit;
    if (this.limits.startsOnly && share.added <= 0) return false;
    if (kind === 'leaf') return isChange(share) || (round === 0 && mayBeStarted(share));
    if (this.failed.has(path) || this.limits.orders?.length) return false;
    // One that is not to be chosen is told to stay as it is: it may have been told otherwise before.
    return round === 0 ? this.errands.isReachable(path) : this.errands.isFit(path) && isChange(share);
  }

  private async carryOut(share: Share, round: number): Promise<void> {
    const deadline = performance.now() + this.request.timeoutMs;
    if (share.unit.kind === 'leaf') await this.leaf(share, round, deadline);
    else await this.relay(share, round, deadline);
    this.done += 1;
    this.progress({ done: this.done, expected: this.expected });
  }

  private async leaf(share: Share, round: number, deadline: number): Promise<void> {
    const action = actionOf(share);
    const { path } = share.unit;
    if (action === null) return;
    if (this.request.dryRun) return void this.results.push({ path, action, status: 'planned' });
    const step = `${action} ${round}`;
    const part = { op: action, by: this.origin.by };
    const errand = await this.unlessCut(this.errands.run(path, part, { id: this.origin.id, step }, deadline));
    if (errand === null) return action === 'start' ? this.undo(path, round) : undefined;
    const { outcome } = errand;
    if (action === 'start' && outcome.status !== 'succeeded') return this.giveUp(path, round, outcome);
    if (action === 'start' && !(await this.errands.untilUp(path, deadline, this.cut)) && !this.cut.aborted)
      return this.giveUp(path, round, { path, status: 'timedOut', error: 'it did not become ready' });
    if (outcome.status !== 'succeeded' && outcome.status !== 'failed') this.uncertain.add(path);
    this.results.push({ ...outcome, action });
  }

  /** One that can't be started is not left trying: it would be one too many once another runs in its place. */
  private async giveUp(path: string, round: number, outcome: LeafOutcome): Promise<void> {
    this.failed.add(path);
    this.results.push({ ...outcome, action: 'start' });
    await this.undo(path, round);
  }

  /** Sent before anything else is: a start that comes after it is not taken back by it. */
  private async undo(path: string, round: number): Promise<void> {
    const deadline = performance.now() + this.request.timeoutMs;
    const whole = { id: this.origin.id, step: `undo ${round}` };
    const undo = await this.unlessCut(
      this.errands.run(path, { op: 'stop', by: this.origin.by }, whole, deadline),
    );
    if (undo?.outcome.status !== 'succeeded') this.uncertain.add(path);
  }

  /** Null where it was cut short before that was done. */
  private unlessCut<T>(work: Promise<T>): Promise<T | null> {
    return Promise.race([work, this.cutShort]);
  }

  private async relay({ unit, count }: Share, round: number, deadline: number): Promise<void> {
    const { path } = unit;
    const part = childCommand(this.request, count, this.origin.by);
    // A level more may have to try again in other places, each in its own time.
    const patience = deadline + this.request.timeoutMs;
    const whole = { id: this.origin.id, step: `${count} ${round}` };
    const errand = await this.unlessCut(this.errands.run(path, part, whole, patience));
    if (errand === null) return;
    const { outcome, result } = errand;
    // Somebody else scales it there: it is not told again, or the two would supersede each other.
    if (result?.error?.code === 'superseded') this.failed.add(path);
    const answer = isAnswer(result?.data) ? result.data : null;
    if (answer === null) {
      this.uncertain.add(path);
      return void this.results.push({ ...outcome, action: 'scale' });
    }
    for (const each of pathsIn(answer.uncertain, path)) this.uncertain.add(each);
    for (const each of pathsIn(answer.keptBy, path)) this.keptBy.add(each);
    // It may have more or less than its roll-up said: the next round counts on that.
    this.told.set(path, answer.capacity);
    for (const each of answer.results) this.results.push({ ...each, path: `${path}/${each.path}` });
  }

  private outcome(): Outcome {
    const results = this.results.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const { dryRun, count } = this.request;
    const { data } = summarize(results, dryRun);
    const now = figuresOf(this.request, this.units());
    const plan = dryRun ? this.shares() : null;
    const { missing, surplus } = plan ?? { missing: now.missing, surplus: now.running - count };
    const reached = missing === 0 && surplus <= 0 && this.uncertain.size === 0;
    const some = plan ? count > missing || results.length > 0 : now.running > 0 || data.succeeded !== 0;
    const status = reached ? 'succeeded' : some ? 'partial' : 'failed';
    const figures = { ...now, missing, ...(surplus > 0 && { surplus }) };
    const named = {
      ...listed('uncertain', this.uncertain),
      ...listed('keptBy', this.keptBy),
      ...listed('unseen', unseen(this.errands, this.request)),
    };
    return new Outcome(status, { ...figures, ...data, results, ...named } satisfies ScaleAnswer);
  }
}
