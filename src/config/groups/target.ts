/** The command of a leaf: what is run, and how it is ended. */
import * as is from '../schemas.js';
import { define, LEAF } from './setting.js';

export const TARGET = {
  target: define({
    group: 'target',
    roles: LEAF,
    schema: is.text('a command', 131_072),
    fallback: null,
    computed: 'none: must be given',
    single: true,
    about:
      "The command to run, split as a shell would: quotes, backslashes and $VARIABLES work. No shell runs unless asked for: sh -c '…'.",
  }),
  stop_signal: define({
    group: 'target',
    roles: LEAF,
    schema: is.signal(),
    fallback: 'TERM',
    about: 'The signal that asks the target to end.',
  }),
  stop_grace: define({
    group: 'target',
    roles: LEAF,
    schema: is.seconds(),
    fallback: 10,
    unit: 's',
    about: 'Time that the target has to end before it is killed.',
  }),
  on_exit: define({
    group: 'target',
    roles: LEAF,
    schema: is.choice('stop', 'keep'),
    fallback: 'stop',
    about:
      'What TERM to the leaf means for its target. Kept, it is adopted by the next leaf of this data directory; canopy stop and Ctrl-C stop it all the same.',
  }),
} as const;

export const PLAIN_TARGET = ['stop_grace', 'on_exit'] as const;
