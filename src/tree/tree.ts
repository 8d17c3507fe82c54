/** What any node with a broker knows and does about what is below it. */
import type { Link, Message } from '../../broker/link.js';
import { capacities } from '../balance/capacity.js';
import type { Clock } from '../core/clock.js';
import type { Kind } from '../core/facts.js';
import type { FlapRule } from '../core/flapping.js';
import { Leases } from '../core/leases.js';
import type { Registry } from '../core/registry.js';
import { rollup } from '../core/verdict.js';
import { interrupted } from '../node/answers.js';
import { Heart } from '../node/heart.js';
import { type MaintenanceState, maintenancePlan } from '../node/maintenance.js';
import type { CommandMemory } from '../node/memory.js';
import { Publisher } from '../node/publisher.js';
import { Responder } from '../node/responder.js';
import type { State } from '../protocol/payloads.js';
import { topicOf } from '../protocol/topics.js';
import { Clocks } from './clocks.js';
import { Desk, type Tracked } from './desk.js';
import { Flaps } from './flaps.js';
import { Forgetting } from './forgetting.js';
import type { Ingest } from './ingest.js';
import { Nowhere, type Presence } from './nowhere.js';
import { type NodePlans, nodePlan } from './orders.js';
import { Refusals } from './refusals.js';
import type { Roster } from './roster/roster.js';
import { Watch } from './watch.js';

export interface TreeOptions {
  readonly kind: Exclude<Kind, 'leaf'>;
  readonly epoch: number;
  /** Seconds. */
  readonly interval: number;
  /** Seconds without a heartbeat after which a direct child is lost. */
  readonly timeout: number;
  /** The node's own link to its own broker, where its path is ''. */
  readonly link: Link;
  readonly registry: Registry;
  readonly roster: Roster;
  readonly ingest: Ingest;
  readonly memory: CommandMemory;
  readonly clock: Clock;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  readonly release: (name: string) => void;
  readonly presence: Presence;
  readonly flapping: FlapRule;
  /** Milliseconds by which the clocks of others may be off. */
  readonly clockSkewMs: number;
  /** Whether this end is the beginning of a restart: milliseconds in which it means to be back, else null. */
  readonly restarting: () => number | null;
  readonly maintenance: MaintenanceState;
  /** It listens where strangers can reach it. */
  readonly insecure: boolean;
  /** What is carried out on nodes below, by commands that go out over this desk. */
  readonly below: (desk: Desk, publisher: Publisher) => NodePlans['below'];
}

/** Results kept of commands to many: more than there are leaves in one. */
const MOST_LEAVES = 20_000;

/** Milliseconds after a change below in which others may come, before a roll-up tells of it. */
const ROLLUP_MS = 200;

export class Tree {
  readonly desk: Desk;
  readonly refusals: Refusals;
  readonly publisher: Publisher;
  readonly forgetting: Forgetting;
  /** Commands that this node sends to carry out one to many. */
  private readonly orders: Desk;
  private readonly watch: Watch;
  private readonly flaps: Flaps;
  private readonly heart: Heart;
  private readonly responder: Responder;

  constructor(private readonly options: TreeOptions) {
    const { link, registry, clock, release } = options;
    this.publisher = new Publisher(link, '', options.epoch, clock);
    this.desk = new Desk(registry, link, clock);
    this.refusals = new Refusals(this.publisher, clock, options.log);
    this.watch = new Watch(options.timeout * 1000, {
      leases: new Leases(),
      registry,
      clock,
      publisher: this.publisher,
      release,
      log: options.log,
    });
    this.flaps = new Flaps(options.flapping, { ...options, publisher: this.publisher });
    this.orders = new Desk(registry, link, clock, MOST_LEAVES);
    const { publisher, orders: desk } = this;
    this.forgetting = new Forgetting({ ...options, publisher, desk });
    const plans = {
      forget: (path: unknown, by: string) => this.forgetting.plan(path, by),
      below: options.below(this.orders, this.publisher),
      maintain: maintenancePlan(options.maintenance, clock),
    };
    const plan = nodePlan(registry, plans);
    this.responder = new Responder(this.publisher, clock, plan, options.memory);
    this.heart = new Heart(options.interval * 1000, seq => this.beat(seq));
  }

  async start(): Promise<void> {
    const { ingest, link, registry, maintenance, presence } = this.options;
    ingest.listen(this.watch);
    ingest.listen(this.desk);
    ingest.listen(this.orders);
    ingest.listen(this.forgetting);
    ingest.listen(this.flaps);
    ingest.listen(new Clocks(this.options.clockSkewMs, { ...this.options, publisher: this.publisher }));
    ingest.listen(new Nowhere(registry, this.publisher, presence));
    ingest.listen({
      forgotten: paths => this.clearForgotten(paths),
      // What is free or running below has changed: who scales from above should not find out by surprise.
      state: record => record.kind === 'leaf' && this.heart.soon(ROLLUP_MS),
    });
    // Which of the leaves it had reached is not known here; each of them knows for itself.
    this.responder.resume(async () => {
      throw interrupted('while it carried this out');
    });
    await link.subscribe([topicOf('', 'cmd')], (message: Message) => this.responder.handle(message));
    this.tell('online', registry.get('') ? 'online' : 'started');
    maintenance.onChange(() =>
      this.tell('online', maintenance.current ? 'maintenance' : 'maintenance is over'),
    );
    this.heart.start();
    this.watch.start();
    this.forgetting.start();
    this.flaps.start();
  }

  /** What became of a command to this node itself, also of one that an earlier process was given; null where it had none. */
  recall(id: string): Tracked | null {
    const found = this.options.memory.find(id);
    return found ? { v: 1, ts: found.at, ...found.stage, path: '' } : null;
  }

  /** The parent is there again: it may have taken this node for lost meanwhile. */
  back(): void {
    this.tell('online', 'online');
    this.heart.soon(0);
  }

  /** A direct child whose connection we have ended: its will is not heard any more. */
  lose(name: string): void {
    this.watch.lose(name);
  }

  /** Says goodbye; what is below is told by the broker's end. */
  stop(): void {
    this.heart.stop();
    this.watch.stop();
    this.flaps.stop();
    this.desk.stop();
    this.orders.stop();
    const forMs = this.options.restarting();
    if (forMs === null) this.tell('offline', 'stopped');
    else this.tell('offline', 'restart', { restartBy: this.options.clock.now() + Math.round(forMs) });
  }

  private tell(state: 'online' | 'offline', reason: string, more: Partial<State> = {}): void {
    const { epoch, kind, clock, maintenance, insecure } = this.options;
    const now = { link: state, health: 'passing', reason, maintenance: maintenance.current } as const;
    this.publisher.state({
      v: 1,
      epoch,
      ts: clock.now(),
      kind,
      ...now,
      ...more,
      ...(insecure && { insecure }),
    });
  }

  private beat(seq: number): void {
    const { epoch, kind, interval, clock, registry } = this.options;
    const [leaves, apps] = [rollup(registry), capacities(registry, clock.mono())];
    this.publisher.beat({ v: 1, epoch, seq, ts: clock.now(), interval, kind, leaves, apps });
  }

  /** A relay that is forgotten takes what is retained of its subtree with it. */
  private clearForgotten(paths: readonly string[]): void {
    if (paths.length < 2) return;
    setImmediate(() => {
      for (const path of paths) this.publisher.forget(path);
    });
  }
}
