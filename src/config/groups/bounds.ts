/** What a broker takes of whom: without each of these a stranger, or one child, could exhaust it for all. */
import * as is from '../schemas.js';
import { BROKERS, define } from './setting.js';

export const BOUNDS = {
  max_packet: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1024, 268_435_455),
    fallback: 1_048_576,
    unit: 'bytes',
    about: 'The largest MQTT packet that the broker takes of a client that it has let in.',
  }),
  max_connect_packet: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(256, 268_435_455),
    fallback: 65_536,
    unit: 'bytes',
    about: 'The largest it takes of one that it has not.',
  }),
  max_clients: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1, 1_000_000),
    fallback: 10_000,
    about: 'How many clients the broker takes at a time.',
  }),
  max_per_address: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1, 1_000_000),
    fallback: 1000,
    about: 'How many connections it takes of one address, let in or not.',
  }),
  connect_timeout: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.seconds(),
    fallback: 5,
    unit: 's',
    about: 'Time in which a connection must have sent its CONNECT.',
  }),
  max_rate: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1, 10_000_000),
    fallback: 5000,
    about:
      'Packets a second of one client, four times that at once; heartbeats count a tenth, a subscription as one. Who sends more is held back; after 30 s of it, disconnected.',
  }),
  max_inflight: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1, 65_535),
    fallback: 20,
    about: 'Messages of QoS 2 of one client that wait for their PUBREL; one more disconnects it.',
  }),
  max_topic: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(16, 65_535),
    fallback: 1024,
    unit: 'bytes',
    about: 'The longest topic or filter.',
  }),
  max_topic_levels: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(10, 100),
    fallback: 32,
    about: 'The deepest topic or filter.',
  }),
  max_subscriptions: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1, 1_000_000),
    fallback: 1000,
    about:
      'Subscriptions of one client; one more is refused, one packet with more of them ends the connection.',
  }),
  max_retained: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1, 10_000_000),
    fallback: 65_536,
    about: 'Retained messages that the broker keeps.',
  }),
  max_retained_bytes: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1024, 100_000_000_000),
    fallback: 67_108_864,
    unit: 'bytes',
    about: 'Their topics and payloads together.',
  }),
  max_retained_child: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1, 10_000_000),
    fallback: 32_768,
    about:
      'Retained messages of one direct child with all below it, and of all topics outside canopy/ together.',
  }),
  max_retained_child_bytes: define({
    group: 'broker',
    roles: BROKERS,
    schema: is.wholeNumber(1024, 100_000_000_000),
    fallback: 33_554_432,
    unit: 'bytes',
    about: 'Their topics and payloads together.',
  }),
} as const;

export const PLAIN_BOUNDS = Object.keys(BOUNDS) as (keyof typeof BOUNDS)[];
