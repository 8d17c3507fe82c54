/** How a node is judged, and what it says of itself before it goes. */
import * as is from '../schemas.js';
import { ALL, BROKERS, define, LEAF } from './setting.js';

export const TRUTH = {
  ephemeral: define({
    group: 'node',
    roles: LEAF,
    schema: is.flag(),
    fallback: false,
    about: 'The leaf is forgotten after a clean goodbye, at every hop.',
  }),
  restart_time: define({
    group: 'node',
    roles: ALL,
    schema: is.seconds(),
    fallback: 30,
    unit: 's',
    about:
      'Time that canopy restart announces for the node to be back after its goodbye: until then it is degraded, and no outage.',
  }),
  clock_skew: define({
    group: 'node',
    roles: BROKERS,
    schema: is.seconds(),
    fallback: 5,
    unit: 's',
    about: 'How far the clock of a node below may be off before that is shown and told.',
  }),
  flap_high: define({
    group: 'node',
    roles: BROKERS,
    schema: is.percent(),
    fallback: 50,
    about: 'Weighted share of changes over the last 20 states of a node at which it is flapping.',
  }),
  flap_low: define({
    group: 'node',
    roles: BROKERS,
    schema: is.percent(),
    fallback: 25,
    about: 'The share below which it no longer is.',
  }),
  flap_interval: define({
    group: 'node',
    roles: BROKERS,
    schema: is.seconds(),
    fallback: 30,
    unit: 's',
    about: 'Time after which a status that has not changed counts as one more state.',
  }),
} as const;

export const PLAIN_TRUTH = Object.keys(TRUTH) as (keyof typeof TRUTH)[];
