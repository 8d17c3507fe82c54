/** Where a node with a broker listens, how much it takes, and when it takes a child for lost. */
import * as is from '../schemas.js';
import { ALL, BROKERS, define } from './setting.js';

export const LISTENERS = {
  host: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.host(),
    fallback: '127.0.0.1',
    about: 'The address on which the broker of this node listens.',
  }),
  port: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.listenPort(),
    fallback: 1883,
    about: 'The port on which it listens; 0 takes any free one.',
  }),
  rest_host: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.host(),
    fallback: '127.0.0.1',
    about:
      'The address of the REST listener: always on at a root, on a relay where this or rest_port is set.',
  }),
  rest_port: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.listenPort(),
    fallback: 8004,
    about: 'The port of the REST listener; 0 takes any free one.',
  }),
  hb_interval: define({
    group: 'health',
    roles: ALL,
    schema: is.seconds(),
    fallback: 3,
    unit: 's',
    about: 'Time between two heartbeats.',
  }),
  timeout: define({
    group: 'health',
    roles: BROKERS,
    schema: is.seconds(),
    fallback: 10,
    unit: 's',
    about:
      'Time without a heartbeat after which a child is lost. Must be above the highest hb_interval of its children, better twice that.',
  }),
} as const;

export const PLAIN_LISTENERS = ['host', 'port', 'hb_interval', 'timeout'] as const;
