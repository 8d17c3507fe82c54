/** Sees to the standing orders of this node: looks twice a second, does what was decided. */
import { randomUUID } from 'node:crypto';
import { Failing } from '../balance/failing.js';
import {
  afterwards,
  decide,
  followsLoss,
  type Instance,
  instanceOf,
  keyOf,
  type StandingOrder,
} from '../balance/standing-order.js';
import { isOf } from '../balance/units.js';
import { CanopyError } from '../core/errors.js';
import type { Publisher } from '../node/publisher.js';
import { Damping } from './damping.js';
import type { Errands } from './errands.js';
import type { Locks } from './locks.js';
import type { OrderStore } from './order-store.js';
import { type Course, type Done, inWords, lastWords } from './order-words.js';
import { ScaleRun, scaleKind } from './scale.js';
import type { ActionOutcome } from './scale-actions.js';

const LOOK_MS = 500;
/** Milliseconds that each instance has to be ready. */
const READY_MS = 60_000;

export interface KeeperPorts {
  /** Of the node, by which others see whose orders they are. */
  readonly name: string;
  readonly errands: Errands;
  readonly store: OrderStore;
  readonly locks: Locks;
  readonly publisher: Publisher;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

export interface OrderView extends StandingOrder {
  readonly running: number;
  readonly missing: number;
  /** Where something undoes it each time: what, as it was told, and the seconds until it is looked at again. */
  readonly atOdds?: { readonly reason: string; readonly nextLookIn: number };
}

export class Keeper {
  private timer: NodeJS.Timeout | null = null;
  private begun = 0;
  private readonly failing = new Failing();
  private readonly damping = new Damping();
  /** By key, what was told of those that something undoes each time. */
  private readonly odds = new Map<string, string>();

  constructor(private readonly ports: KeeperPorts) {}

  start(): void {
    this.begun = this.ports.errands.now();
    if (this.ports.store.problem)
      this.ports.log.warn({ problem: this.ports.store.problem }, 'standing orders are lost');
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer);
  }

  list(): OrderView[] {
    return this.ports.store.all().map(order => {
      const running = this.instances(order).filter(({ fitness }) =>
        ['running', 'held'].includes(fitness),
      ).length;
      return { ...order, running, missing: Math.max(0, order.count - running), ...this.atOdds(order) };
    });
  }

  private atOdds(order: StandingOrder): Pick<OrderView, 'atOdds'> {
    const reason = this.odds.get(keyOf(order));
    const leftMs = this.damping.leftMs(keyOf(order), this.ports.errands.now());
    return reason !== undefined && leftMs > 0
      ? { atOdds: { reason, nextLookIn: Math.ceil(leftMs / 1000) } }
      : {};
  }

  private look(): void {
    const { store, locks, errands } = this.ports;
    this.damping.only(new Set(store.all().map(keyOf)));
    for (const order of store.all()) {
      const key = keyOf(order);
      if (locks.isBusy(order.app) || this.damping.holds(key, errands.now())) continue;
      const instances = this.instances(order);
      const decision = decide(order, instances, { now: errands.now(), begun: this.begun });
      if (decision.do === 'nothing') continue;
      const isOdd = !followsLoss(order, instances, decision);
      const work = (cut: AbortSignal): Promise<void> => this.carryOut(order, decision, isOdd, cut);
      void locks.take(order.app, work, scaleKind(order)).catch(this.gaveWay);
    }
  }

  /** To a `scale` by hand, which has changed the order. */
  private readonly gaveWay = (error: unknown): void => {
    if (!(error instanceof CanopyError && error.code === 'superseded')) throw error;
  };

  private instances(order: StandingOrder): Instance[] {
    const { registry } = this.ports.errands;
    const [mono, graceMs] = [this.ports.errands.now(), order.lostAfter * 1000];
    return [...registry.all()]
      .filter(record => record.kind === 'leaf' && isOf(record, order))
      .map(record => this.failing.judge(instanceOf(registry, record, mono), mono, graceMs));
  }

  private async carryOut(
    order: StandingOrder,
    decision: Exclude<ReturnType<typeof decide>, { do: 'nothing' }>,
    isOdd: boolean,
    cut: AbortSignal,
  ): Promise<void> {
    const before = lastWords(this.ports.errands.registry.all(), order);
    const done =
      decision.do === 'start'
        ? await this.replace(order, decision, cut)
        : await this.shed(order, decision.paths);
    const { started, stopped } = done;
    const well = started.length + stopped.length > 0;
    const waitMs = this.damping.acted(keyOf(order), this.ports.errands.now(), { well, isOdd });
    // It may have been given anew, or taken back, meanwhile.
    const now = this.ports.store.get(keyOf(order));
    if (now && well) this.save(afterwards(now, done));
    this.tell(order, done, { isShort: decision.do === 'start', waitMs: well ? waitMs : 0, before });
  }

  private async replace(
    order: StandingOrder,
    { count, instead }: { count: number; instead: readonly string[] },
    cut: AbortSignal,
  ): Promise<Done> {
    const { stopped } = await this.shed(order, instead);
    const { app, label, strategy } = order;
    const request = {
      app,
      ...(label !== undefined && { label }),
      count,
      strategy,
      dryRun: false,
      timeoutMs: READY_MS,
      keep: null,
      share: false,
    };
    const run = new ScaleRun(
      this.ports.errands,
      request,
      { id: randomUUID(), by: this.by(order) },
      () => {},
      cut,
      { avoid: instead, startsOnly: true },
    );
    const { data } = await run.run();
    const done = doneOf(data.results as ActionOutcome[]);
    return { started: done.started, stopped: [...stopped, ...done.stopped] };
  }

  private async shed(order: StandingOrder, paths: readonly string[]): Promise<Done> {
    const { errands } = this.ports;
    const id = randomUUID();
    const stopping = paths.map(path =>
      errands.run(path, { op: 'stop', by: this.by(order) }, { id }, performance.now() + READY_MS),
    );
    const outcomes = await Promise.all(stopping);
    return doneOf(outcomes.map(({ outcome }) => ({ ...outcome, action: 'stop' })));
  }

  /** A full disk does not keep the order from being carried out; it is only known less well after a restart. */
  private save(order: StandingOrder): void {
    try {
      this.ports.store.set(order);
    } catch (err) {
      this.ports.log.warn({ err }, 'a standing order could not be written down');
    }
  }

  /** What the leaves give as the reason: which order it was, on which level. */
  private by(order: StandingOrder): string {
    return `standing order of ${this.ports.name} (${keyOf(order)}: ${order.count})`;
  }

  private tell(order: StandingOrder, done: Done, course: Course): void {
    const reason = inWords(order, done, course);
    if (course.waitMs > 0) this.odds.set(keyOf(order), reason);
    else this.odds.delete(keyOf(order));
    this.ports.publisher.event('order', reason);
    const isChange = done.started.length + done.stopped.length > 0;
    this.ports.log[isChange ? 'info' : 'warn']({ app: order.app }, reason);
  }
}

function doneOf(results: readonly ActionOutcome[]): Done {
  const of = (action: string): string[] =>
    results.filter(it => it.action === action && it.status === 'succeeded').map(({ path }) => path);
  return { started: of('start'), stopped: of('stop') };
}
