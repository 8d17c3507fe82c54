/** The commands that a node with a broker carries out on what is below it, checked first. */

import { rebalanceOf, type ScaleRequest, scaleOf, serviceOf } from '../balance/requests.js';
import { keyOf, type StandingOrder } from '../balance/standing-order.js';
import { isOf, type Service } from '../balance/units.js';
import { onlyKnown } from '../core/arguments.js';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import { hasLabel } from '../core/labels.js';
import { queueFull } from '../node/answers.js';
import { Outcome, type Plan, type Progress } from '../node/responder.js';
import type { Command } from '../protocol/payloads.js';
import type { Errands } from './errands.js';
import type { Keeper } from './keeper.js';
import type { Locks } from './locks.js';
import { manyPlan } from './many.js';
import type { OrderStore } from './order-store.js';
import { rebalance } from './rebalance.js';
import { ScaleRun, scaleKind } from './scale.js';

export interface FleetPorts {
  readonly errands: Errands;
  readonly keeper: Keeper;
  readonly store: OrderStore;
  readonly locks: Locks;
  readonly clock: Clock;
}

/** Milliseconds between two words that it is still at it: whoever sent the command gives up on silence. */
const PULSE_MS = 10_000;
const MOST_UNDER_WAY = 200;

export function fleetPlan(ports: FleetPorts): Plan {
  const toMany = manyPlan(ports.errands);
  const crowd = new Crowd();
  return command => {
    switch (command.op) {
      case 'scale':
        return crowd.admit(withPulse(scale(ports, command)));
      case 'rebalance':
        return crowd.admit(withPulse(balance(ports, command)));
      case 'orders':
        onlyKnown('orders', command.args ?? {}, []);
        return async () => ({ orders: ports.keeper.list() });
      case 'unkeep':
        return unkeep(ports, command);
      default:
        return crowd.admit(withPulse(toMany(command)));
    }
  };
}

function scale(ports: FleetPorts, command: Command): ReturnType<Plan> {
  const { errands, locks } = ports;
  const request = scaleOf(command);
  needsSlots(errands, request);
  if (request.keep && !request.dryRun) refuseOverlap(ports.store, errands, request);
  const origin = { id: command.id, by: command.by ?? 'command' };
  const inTheWay = (): StandingOrder[] => (request.share ? overlapping(ports.store, errands, request) : []);
  return progress => {
    const work = async (cut: AbortSignal): Promise<Outcome> => {
      const orders = inTheWay();
      const kept = request.dryRun || orders.length > 0 ? null : keep(ports, request, command);
      const run = new ScaleRun(errands, request, origin, progress, cut, { orders });
      const { status, data } = await run.run();
      return new Outcome(status, { ...data, keep: kept !== null });
    };
    const changes = !request.dryRun && !inTheWay().some(order => keyOf(order) === keyOf(request));
    return locks.take(request.app, work, changes ? scaleKind(request) : undefined);
  };
}

/** A count for what is kept already changes the order; otherwise the order would undo it. */
function keep({ store, clock, errands }: FleetPorts, request: ScaleRequest, command: Command) {
  // Another may have been given while it waited for its turn.
  if (request.keep) refuseOverlap(store, errands, request);
  const now = clock.now();
  const { app, label, count, strategy } = request;
  const service = { app, ...(label !== undefined && { label }) };
  const known = store.get(keyOf(service));
  const terms = request.keep ?? known;
  if (!terms) return null;
  const { lostAfter, surplus } = terms;
  const by = command.by ?? 'command';
  const order = { ...service, count, strategy, lostAfter, surplus, by, since: now, replacements: [] };
  store.set(order);
  return order;
}

/** Two orders for one leaf would start and stop it in turn. */
function refuseOverlap(store: OrderStore, errands: Errands, service: Service): void {
  const other = overlapping(store, errands, service).find(order => keyOf(order) !== keyOf(service));
  if (other)
    throw new CanopyError(
      'bad-argument',
      `keep: expected no other standing order for the same leaves, found that for ${keyOf(other)}; take it back first`,
    );
}

/** Those for some of the same leaves, and that for the very service. */
function overlapping(store: OrderStore, { registry }: Errands, service: Service): StandingOrder[] {
  const leaves = [...registry.all()].filter(record => record.kind === 'leaf' && isOf(record, service));
  return store
    .all()
    .filter(order => keyOf(order) === keyOf(service) || leaves.some(leaf => isOf(leaf, order)));
}

function needsSlots({ registry }: Errands, { app, label }: Service): void {
  const leaves = [...registry.all()].filter(record => record.kind === 'leaf' && record.app === app);
  if (leaves.length === 0)
    throw new CanopyError('not-found', `no leaf here has the app ${JSON.stringify(app)}`);
  if (label !== undefined && !leaves.some(leaf => hasLabel(leaf.labels, label)))
    throw new CanopyError('not-found', `no leaf of ${JSON.stringify(app)} here has the label ${label}`);
}

function balance({ errands, locks }: FleetPorts, command: Command): ReturnType<Plan> {
  const request = rebalanceOf(command);
  needsSlots(errands, request);
  const origin = { id: command.id, by: command.by ?? 'command' };
  return progress => locks.take(request.app, () => rebalance(errands, request, origin, progress));
}

function unkeep({ store }: FleetPorts, command: Command): ReturnType<Plan> {
  onlyKnown('unkeep', command.args ?? {}, []);
  const service = serviceOf(command);
  const key = keyOf(service);
  if (!store.get(key)) throw new CanopyError('not-found', `there is no standing order for ${key} here`);
  return async () => {
    store.delete(key);
    return { ...service, removed: true };
  };
}

/** Commands under way at a time, those that wait for their turn included. */
class Crowd {
  private size = 0;

  /** Throws `queue-full`. */
  admit(run: ReturnType<Plan>): ReturnType<Plan> {
    if (this.size >= MOST_UNDER_WAY) throw queueFull(MOST_UNDER_WAY);
    this.size += 1;
    return (progress, cut) =>
      run(progress, cut).finally(() => {
        this.size -= 1;
      });
  }
}

/** Repeats the last progress while nothing else is said. */
function withPulse(work: ReturnType<Plan>): ReturnType<Plan> {
  return async (progress: Progress) => {
    let last: Record<string, unknown> = {};
    const told: Progress = data => {
      last = data;
      pulse.refresh();
      progress(data);
    };
    const pulse = setInterval(() => progress(last), PULSE_MS);
    try {
      return await work(told);
    } finally {
      clearInterval(pulse);
    }
  };
}
