/** What heartbeats of relays say of the subtree. */
import * as Type from 'typebox';
import { MOST_INSTANCES } from '../core/app-capacity.js';
import { STATUSES } from '../core/facts.js';

export const RollupSchema = Type.Object(
  Object.fromEntries(STATUSES.map(status => [status, Type.Integer({ minimum: 0 })])) as Record<
    (typeof STATUSES)[number],
    Type.TInteger
  >,
);

const count = Type.Integer({ minimum: 0, maximum: MOST_INSTANCES });
export const fraction = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const capacity = {
  slots: count,
  running: count,
  free: count,
  held: Type.Optional(count),
  ailing: Type.Optional(count),
};
export const AppCapacitySchema = Type.Object({
  ...capacity,
  cpu: Type.Number({ description: 'of the targets, fractions of one core' }),
  rss: Type.Integer({ minimum: 0, description: 'of the targets, bytes' }),
  load: Type.Optional(fraction('busy time of the cores of its machines, on average over its slots')),
  memory: Type.Optional(fraction('used memory of its machines, on average over its slots')),
  least: Type.Optional(fraction('load of the least loaded machine with a free slot')),
  most: Type.Optional(fraction('load of the most loaded machine with a running target')),
  labels: Type.Optional(Type.Record(Type.String(), Type.Object(capacity))),
});
