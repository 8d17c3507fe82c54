/** What happens when a target ends by itself. */
import * as is from '../schemas.js';
import { define, LEAF } from './setting.js';

export const RESTARTS = {
  restart: define({
    group: 'target',
    roles: LEAF,
    schema: is.choice('always', 'on-failure', 'never'),
    fallback: 'always',
    about: 'Whether a target that ended by itself is started again.',
  }),
  backoff_min: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 1,
    unit: 's',
    about: 'The first wait before a restart; it doubles with each that follows.',
  }),
  backoff_max: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 30,
    unit: 's',
    about: 'The longest wait before a restart.',
  }),
  settle_time: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 10,
    unit: 's',
    about: 'Time that a target has to run for its start to count as a success and the wait to begin anew.',
  }),
  exit_codes: define({
    group: 'target',
    roles: LEAF,
    schema: is.exitCodes(),
    fallback: '0',
    about: 'Exit codes that count as a success.',
  }),
  start_seconds: define({
    group: 'target',
    roles: LEAF,
    schema: is.secondsOrNone(),
    fallback: 1,
    unit: 's',
    about: 'A target that ends sooner after its start has failed, whatever its exit code.',
  }),
  max_restarts: define({
    group: 'target',
    roles: LEAF,
    schema: is.wholeNumber(0, 1_000_000),
    fallback: 10,
    about: 'Restarts within restart_window before at_limit applies; 0 is no limit.',
  }),
  restart_window: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 60,
    unit: 's',
    about: 'The time over which max_restarts counts.',
  }),
  at_limit: define({
    group: 'target',
    roles: LEAF,
    schema: is.choice('delay', 'fail'),
    fallback: 'delay',
    about: 'At max_restarts: go on after backoff_max each time, or give up until an operator starts it.',
  }),
} as const;

export const PLAIN_RESTARTS = [
  'restart',
  'backoff_min',
  'backoff_max',
  'settle_time',
  'start_seconds',
  'max_restarts',
  'restart_window',
  'at_limit',
] as const;
