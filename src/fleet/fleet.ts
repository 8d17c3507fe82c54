/** What a node with a broker carries out on what is below it, put together: commands to many, scaling, standing orders. */
import type { Clock } from '../core/clock.js';
import type { Registry } from '../core/registry.js';
import type { Publisher } from '../node/publisher.js';
import type { Plan } from '../node/responder.js';
import type { Desk } from '../tree/desk.js';
import { Errands } from './errands.js';
import { Keeper, type KeeperPorts } from './keeper.js';
import { Locks } from './locks.js';
import { OrderStore } from './order-store.js';
import { fleetPlan } from './plan.js';

export interface FleetOptions {
  /** Of the node. */
  readonly name: string;
  readonly registry: Registry;
  readonly desk: Desk;
  readonly publisher: Publisher;
  readonly clock: Clock;
  /** Takes the standing orders. */
  readonly ordersFile: string;
  readonly log: KeeperPorts['log'];
}

export class Fleet {
  readonly keeper: Keeper;
  readonly plan: Plan;

  constructor({ name, registry, desk, publisher, clock, ordersFile, log }: FleetOptions) {
    const errands = new Errands(registry, desk, clock);
    const locks = new Locks();
    const store = new OrderStore(ordersFile);
    this.keeper = new Keeper({ name, errands, store, locks, publisher, log });
    this.plan = fleetPlan({ errands, keeper: this.keeper, store, locks, clock });
  }
}
