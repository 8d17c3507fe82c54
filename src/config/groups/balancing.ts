/** What a leaf says of itself to those who choose among many. */
import * as is from '../schemas.js';
import { define, LEAF } from './setting.js';

export const BALANCING = {
  desired: define({
    group: 'balancing',
    roles: LEAF,
    schema: is.choice('running', 'stopped'),
    fallback: 'running',
    about:
      'Whether the target is started before anybody has said so: stopped makes the leaf a stand-by slot of its app. What a command has said since then holds.',
  }),
  labels: define({
    group: 'balancing',
    roles: LEAF,
    schema: is.labels(),
    fallback: null,
    computed: 'none',
    about: 'What a select can ask for: label=zone=a.',
  }),
  host_name: define({
    group: 'balancing',
    roles: LEAF,
    schema: is.text('a name of 1 to 128 characters', 128),
    fallback: null,
    computed: 'that of the machine',
    about: 'The machine that the leaf is on: spread, pack and rebalance tell machines apart by it.',
  }),
} as const;

export const PLAIN_BALANCING = ['desired'] as const;
