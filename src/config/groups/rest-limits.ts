/** Which pages may use REST, how much of it a node takes, how long logins last, and what the audit log may come to. */
import * as is from '../schemas.js';
import { BROKERS, define } from './setting.js';

export const REST_LIMITS = {
  cors_origins: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.origins(),
    fallback: null,
    computed: 'none',
    list: true,
    about: 'Other origins whose pages may use REST from a browser.',
  }),
  rest_rate: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.wholeNumber(1, 1_000_000),
    fallback: 300,
    about: 'REST requests in a second, on average over ten, of one address, and of one token.',
  }),
  rest_connections: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.wholeNumber(1, 100_000),
    fallback: 500,
    about: 'How many connections the REST listener takes at a time; at most half of them of one address.',
  }),
  rest_max_body: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.wholeNumber(1024, 16_777_216),
    fallback: 262_144,
    unit: 'bytes',
    about: 'The largest body of a REST request.',
  }),
  rest_max_header: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.wholeNumber(2048, 1_048_576),
    fallback: 16_384,
    unit: 'bytes',
    about: 'What the headers of a REST request may come to.',
  }),
  rest_streams: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.wholeNumber(1, 10_000),
    fallback: 100,
    about:
      'How many logs are followed by REST at a time, and as many read at once; of one token two thirds of them.',
  }),
  session_time: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.seconds(),
    fallback: 43_200,
    unit: 's',
    about: 'How long a login by cookie lasts; no longer than the token that it was made with.',
  }),
  audit_max: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.size(),
    fallback: '64M',
    about: 'What the audit log of the node may come to on disk; the oldest quarter goes first.',
  }),
} as const;

export const PLAIN_REST_LIMITS = [
  'rest_rate',
  'rest_connections',
  'rest_max_body',
  'rest_max_header',
  'rest_streams',
  'session_time',
  'audit_max',
] as const;
