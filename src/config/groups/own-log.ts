/** What a node keeps and says of itself. */
import * as is from '../schemas.js';
import { ALL, define } from './setting.js';

export const OWN_LOG = {
  data_dir: define({
    group: 'own log',
    roles: ALL,
    schema: is.text('a directory'),
    fallback: null,
    computed: '`./data/<name>`',
    about: "Where the node keeps its state and the target's output.",
  }),
  log_file: define({
    group: 'own log',
    roles: ALL,
    schema: is.text('a file'),
    fallback: null,
    computed: 'stdout',
    about: "Where the node's own log goes.",
  }),
  log_level: define({
    group: 'own log',
    roles: ALL,
    schema: is.choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
    about: "The least that the node's own log holds.",
  }),
  silent: define({
    group: 'own log',
    roles: ALL,
    schema: is.flag(),
    fallback: false,
    about: 'True: the node logs nothing.',
  }),
} as const;

export const PLAIN_OWN_LOG = ['log_level', 'silent'] as const;
