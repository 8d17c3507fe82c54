/** How a service stands below a node, beside the count that was asked for. */
import { fitnessOf, isMeant } from '../balance/fitness.js';
import type { ScaleRequest } from '../balance/requests.js';
import { isOf, type Service, type Unit, unitsOf } from '../balance/units.js';
import type { Capacity } from '../core/app-capacity.js';
import type { NodeRecord } from '../core/node-record.js';
import type { Errands } from './errands.js';

/** As it is now: units that were told a share have said what came of it. */
export function figuresOf({ app, label, count }: ScaleRequest, units: readonly Unit[]) {
  const capacity: Capacity = units.reduce(
    (all, { slots, running, free, held, ailing }) => ({
      slots: all.slots + slots,
      running: all.running + running,
      free: all.free + free,
      held: all.held + held,
      ailing: all.ailing + ailing,
    }),
    { slots: 0, running: 0, free: 0, held: 0, ailing: 0 },
  );
  const { running } = capacity;
  const missing = Math.max(0, count - running);
  return {
    app,
    ...(label !== undefined && { label }),
    count,
    running,
    missing,
    capacity,
  };
}

/** Leaves as they will be once they have done what this node has told them; relays by their roll-ups. */
export const unitsNow = (errands: Errands, request: ScaleRequest): Unit[] =>
  unitsOf(errands.registry, request, errands.now()).map(unit => {
    const ordered = errands.ordered(unit.path);
    if (unit.kind === 'relay' || ordered === null) return unit;
    return ordered === 'start'
      ? { ...unit, running: 1, ailing: 0, free: 0, isStopping: false }
      : {
          ...unit,
          running: 0,
          held: 0,
          ailing: 0,
          isStopping: false,
          free: errands.isFit(unit.path) ? 1 : 0,
        };
  });

/** What standing orders of this node see to is counted, and nothing of it is chosen; nor is a relay told of the rest there. */
export function leftTo(orders: readonly Service[], errands: Errands, unit: Unit): Unit {
  const record = errands.registry.get(unit.path);
  const isTheirs = unit.kind === 'relay' || (record && orders.some(order => isOf(record, order)));
  return orders.length > 0 && isTheirs
    ? { ...unit, held: unit.running, ailing: 0, free: 0, isStopping: false }
    : unit;
}

/** Paths of instances that were to run when contact with them was lost: their targets may, and are not counted. */
export function unseen(errands: Errands, service: Service): string[] {
  const { registry } = errands;
  const isUnseen = (record: NodeRecord): boolean =>
    record.kind === 'leaf' &&
    isOf(record, service) &&
    isMeant(record) &&
    fitnessOf(registry, record, errands.now()) === 'gone';
  return [...registry.all()].filter(isUnseen).map(({ path }) => path);
}

/** Left out where there are none. */
export const listed = (name: string, paths: Iterable<string>): Record<string, string[]> => {
  const all = [...paths].sort();
  return all.length > 0 ? { [name]: all } : {};
};
