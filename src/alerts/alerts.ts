/** Looks around, and does what the engine decides: on disk first, then to those who are to be told. */
import type { Alert, AlertsConfig, Notice } from '../core/alert.js';
import { type Clock, moment } from '../core/clock.js';
import type { Transition } from '../core/transition.js';
import type { AlertsDisk } from './disk.js';
import { step } from './engine.js';
import type { Glancer } from './glance.js';
import { asksForOdd } from './holding.js';
import {
  type Duty,
  type Effect,
  type Glance,
  type Input,
  type Model,
  NO_MODEL,
  pathsOf,
  reopened,
  type Told,
} from './model.js';
import type { Outbox } from './outbox.js';

export interface AlertsPorts {
  /** Of the node itself. */
  readonly name: string;
  readonly glancer: Glancer;
  readonly clock: Clock;
  readonly disk: AlertsDisk;
  readonly outbox: Outbox;
  readonly duty: () => Duty;
  /** How each node is, and from when on (monotonic ms) that is known again after a start. */
  readonly observer: { standing(): readonly Transition[]; readonly settledAt: number };
  readonly tell: (what: 'firing' | 'resolved' | 'acked', alert: Alert) => void;
}

/** Milliseconds between two looks, and after a change in which others may come. */
const LOOK_MS = 1000;
const SOON_MS = 50;

export class Alerts {
  private model: Model = NO_MODEL;
  private told: Told[] = [];
  private timer: NodeJS.Timeout | null = null;
  private soon: NodeJS.Timeout | null = null;
  private hasSaved = false;
  private hasSettled = false;
  private seenAt: number | null = null;

  constructor(
    private config: AlertsConfig,
    private readonly ports: AlertsPorts,
  ) {}

  start(): void {
    const { disk, outbox, clock } = this.ports;
    const { alerts, queue } = disk.open();
    this.model = reopened(alerts, clock.mono());
    outbox.use(this.config.receivers);
    for (const notice of queue) outbox.add(notice);
    outbox.go();
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.look();
  }

  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    if (this.soon) clearTimeout(this.soon);
    this.ports.outbox.stop();
    if (this.hasSaved) await this.save();
  }

  /** Monotonic ms of the last look around; null before the first. */
  get lookedAt(): number | null {
    return this.seenAt;
  }

  /** In the order in which they fell due. */
  list(): Alert[] {
    return [...this.model.open.values()].map(({ alert }) => alert).sort((a, b) => a.dueAt - b.dueAt);
  }

  /** Called while a broker waits. What opened it is asked now: it may be something else by the next look. */
  hear(transition: Transition): void {
    this.told.push({ transition, opening: this.ports.glancer.opening(transition.path) });
    this.soon ??= setTimeout(() => {
      this.soon = null;
      this.look();
    }, SOON_MS);
  }

  use(config: AlertsConfig): void {
    this.config = config;
    this.ports.outbox.use(config.receivers);
    this.look();
  }

  /** The alert, once that is on disk; null where there is none of that id. */
  async ack(id: string, by: string): Promise<Alert | null> {
    this.apply({ kind: 'ack', id, by });
    await this.save();
    return this.list().find(alert => alert.id === id) ?? null;
  }

  adopt(alert: Alert): void {
    this.apply({ kind: 'adopt', alert, duty: this.ports.duty() });
  }

  /** A relay has told its end already. */
  closed(id: string, relay: string): void {
    this.apply({ kind: 'closed', id, relay });
  }

  handed(ids: readonly string[]): void {
    this.apply({ kind: 'handed', ids });
  }

  look(): void {
    const told = this.told;
    this.told = [];
    told.push(...this.standing());
    this.apply({ kind: 'look', told, glances: this.glances(told), duty: this.ports.duty() });
    this.seenAt = this.ports.clock.mono();
  }

  /** Whether anybody is to be told of anything. */
  get isUsed(): boolean {
    return this.config.rules.length > 0;
  }

  /** What an earlier run was told, and had not alerted for yet: told once more, when it is known whether it still is so. */
  private standing(): Told[] {
    const { observer, clock, glancer } = this.ports;
    if (this.hasSettled || clock.mono() < observer.settledAt) return [];
    this.hasSettled = true;
    const down = observer.standing().filter(({ to }) => to !== 'up');
    return down.map(transition => ({ transition, opening: glancer.opening(transition.path) }));
  }

  private glances(told: readonly Told[]): Map<string, Glance> {
    const { glancer } = this.ports;
    const found = new Map<string, Glance>();
    if (this.config.rules.some(asksForOdd))
      for (const glance of glancer.odd()) found.set(glance.path, glance);
    const paths = pathsOf(this.model);
    for (const { transition } of told) paths.add(transition.path);
    for (const path of paths) {
      const glance = glancer.of(path);
      if (glance) found.set(path, glance);
    }
    return found;
  }

  private apply(input: Input): void {
    const before = this.model;
    const { model, effects } = step(before, input, this.config, this.ports, moment(this.ports.clock));
    this.model = model;
    const notices = effects.flatMap((effect): Notice[] => (effect.do === 'notify' ? [effect.notice] : []));
    for (const notice of notices) this.ports.outbox.add(notice);
    if (notices.length > 0 || hasChanged(before, model)) void this.save().then(() => this.ports.outbox.go());
    for (const effect of effects) this.tell(effect);
  }

  private tell(effect: Effect): void {
    if (effect.do === 'tell') this.ports.tell(effect.what, effect.alert);
  }

  /** What waits has changed, or an alert. */
  save(): Promise<void> {
    this.hasSaved = true;
    return this.ports.disk.save({ alerts: this.list(), queue: this.ports.outbox.all() });
  }
}

const hasChanged = ({ open: before }: Model, { open: after }: Model): boolean =>
  before.size !== after.size || [...after].some(([key, { alert }]) => before.get(key)?.alert !== alert);
