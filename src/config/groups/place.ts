/** Which node it is, and where in the tree. */
import * as is from '../schemas.js';
import { ALL, BELOW, define, LEAF } from './setting.js';

export const PLACE = {
  role: define({
    group: 'node',
    roles: ALL,
    schema: is.choice('root', 'relay', 'leaf'),
    fallback: null,
    computed: 'from the rest',
    single: true,
    about:
      'What the node is. Left out: a leaf if is_leaf is true, a root if no parent is given, else a relay.',
  }),
  is_leaf: define({
    group: 'node',
    roles: ALL,
    schema: is.flag(),
    fallback: null,
    computed: 'from the role',
    single: true,
    about: 'True only on a leaf; does instead of role=leaf.',
  }),
  name: define({
    group: 'node',
    roles: ALL,
    schema: is.nodeName(),
    fallback: null,
    computed: 'a leaf: its app_name; the root: root',
    single: true,
    about: "The node's segment of the path.",
  }),
  app_name: define({
    group: 'node',
    roles: LEAF,
    schema: is.text('a name of 1 to 128 characters', 128),
    fallback: null,
    computed: 'the name',
    about: 'The human-readable name of the service monitored; several leaves may share it.',
  }),
  parent_host: define({
    group: 'parent',
    roles: BELOW,
    schema: is.host(),
    fallback: '127.0.0.1',
    single: true,
    about: 'Where the broker of the immediate parent is.',
  }),
  parent_port: define({
    group: 'parent',
    roles: BELOW,
    schema: is.remotePort(),
    fallback: 1883,
    single: true,
    about: 'The port of that broker.',
  }),
  parent_url: define({
    group: 'parent',
    roles: BELOW,
    schema: is.text('mqtt, mqtts, ws or wss://host:port', 512),
    fallback: null,
    single: true,
    about: 'Instead of the two above. The path of ws and wss is /mqtt where none is given.',
  }),
} as const;
