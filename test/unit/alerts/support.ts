/** A small tree whose nodes a test sets as it likes, and an engine that watches it. */
import { step } from '../../../src/alerts/engine.js';
import {
  type Duty,
  type Effect,
  type Glance,
  type Input,
  type Model,
  NO_MODEL,
  pathsOf,
  type Told,
} from '../../../src/alerts/model.js';
import type { AlertRule, AlertsConfig, Notice } from '../../../src/core/alert.js';
import { NO_ALERTS } from '../../../src/core/alert.js';
import type { Status } from '../../../src/core/facts.js';
import { ancestors } from '../../../src/core/names.js';
import { at } from '../core/support.js';

export const rule = (more: Partial<AlertRule> = {}): AlertRule => ({
  name: 'node-down',
  match: { paths: [], apps: [], kinds: [], labels: [] },
  statuses: ['down'],
  forMs: 10_000,
  severity: 'critical',
  to: ['a'],
  remindMs: null,
  ...more,
});

interface State {
  readonly own: Exclude<Status, 'unreachable'>;
  readonly maintenance: boolean;
  readonly flapping: boolean;
  readonly late: boolean;
  readonly ts: number;
}
const UP: State = { own: 'up', maintenance: false, flapping: false, late: false, ts: 1 };

/** `rack1`, with `rack1/web` and `rack1/api` below it, and `edge`. */
export const PATHS = ['rack1', 'rack1/web', 'rack1/api', 'edge'] as const;

export class World {
  now = 1000;
  duty: Duty = { is: 'all' };
  model: Model = NO_MODEL;
  readonly notices: Notice[] = [];
  readonly told: string[] = [];
  private readonly states = new Map<string, State>(PATHS.map(path => [path, UP]));
  private readonly seen = new Map<string, Status>(PATHS.map(path => [path, 'up']));
  private changes: Told[] = [];

  constructor(
    readonly config: AlertsConfig,
    readonly name = 'root',
  ) {}

  static of(...rules: AlertRule[]): World {
    return new World({ ...NO_ALERTS, rules });
  }

  /** Changes a node; what differs for the observer is told, as the Observer does: nothing of what is hidden. */
  set(path: string, more: Partial<State>): void {
    const before = this.states.get(path) ?? UP;
    const changed = more.own !== undefined && more.own !== before.own;
    this.states.set(path, { ...before, ...(changed && { ts: this.now }), ...more });
    for (const each of PATHS) this.observe(each);
  }

  forget(path: string): void {
    this.states.delete(path);
    this.changes.push(this.change(path, this.seen.get(path) ?? null, null));
    this.seen.delete(path);
  }

  status(path: string): Status {
    const isHidden = ancestors(path).some(above =>
      ['down', 'stopped'].includes(this.states.get(above)?.own ?? 'up'),
    );
    return isHidden ? 'unreachable' : (this.states.get(path)?.own ?? 'unknown');
  }

  /** So many seconds go by, with a look each. */
  pass(seconds: number): void {
    for (let at = 0; at < seconds; at++) {
      this.now += 1000;
      this.look();
    }
  }

  look(): void {
    const told = this.changes;
    this.changes = [];
    const glances = new Map<string, Glance>();
    for (const path of new Set([...PATHS, ...pathsOf(this.model)])) {
      const glance = this.glance(path);
      if (glance) glances.set(path, glance);
    }
    this.take({ kind: 'look', told, glances, duty: this.duty });
  }

  take(input: Input): void {
    const { model, effects } = step(this.model, input, this.config, this, at(this.now));
    this.model = model;
    for (const effect of effects) this.note(effect);
  }

  /** `firing rack1/web`, … */
  get said(): string[] {
    return this.notices.map(({ kind, alert }) => `${kind} ${alert.path}`);
  }

  private note(effect: Effect): void {
    if (effect.do === 'notify') this.notices.push(effect.notice);
    else this.told.push(`${effect.what} ${effect.alert.path}`);
  }

  private observe(path: string): void {
    const status = this.status(path);
    const before = this.seen.get(path) ?? null;
    if (status === 'unreachable' || status === before || !this.states.has(path)) return;
    this.seen.set(path, status);
    this.changes.push(this.change(path, before, status));
  }

  private change(path: string, from: Status | null, to: Status | null): Told {
    const kind = path === 'rack1' ? 'relay' : 'leaf';
    const { ts = 0 } = this.states.get(path) ?? {};
    const known = { app: null, labels: {}, epoch: 7, cause: null, reason: null, hidden: 0 };
    const held = { maintenance: false, flapping: false };
    const transition = { path, kind, at: at(this.now).now, from, to, ...known, ...held } as const;
    return { transition, opening: { epoch: 7, ts } };
  }

  private glance(path: string): Glance | null {
    const state = this.states.get(path);
    if (!state) return null;
    const { maintenance, flapping, late, ts } = state;
    const kind = path === 'rack1' ? 'relay' : 'leaf';
    const hidden = path === 'rack1' && state.own === 'down' ? 2 : 0;
    const facts = { path, kind, app: null, labels: {}, cause: null, reason: null, hidden } as const;
    return { ...facts, status: this.status(path), maintenance, flapping, late, opening: { epoch: 7, ts } };
  }
}
