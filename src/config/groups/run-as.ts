/** As whom, where and with what a target runs. */
import * as is from '../schemas.js';
import { define, LEAF } from './setting.js';

export const RUN_AS = {
  cwd: define({
    group: 'target',
    roles: LEAF,
    schema: is.text('a directory'),
    fallback: null,
    computed: "the node's own",
    about: 'The working directory of the target; relative to that of the node.',
  }),
  user: define({
    group: 'target',
    roles: LEAF,
    schema: is.userAndGroup(),
    fallback: null,
    computed: "the node's own",
    about:
      'The user that the target runs as, with the groups he is in and HOME, USER, LOGNAME and SHELL set for him; the node must run as root.',
  }),
  umask: define({
    group: 'target',
    roles: LEAF,
    schema: is.umask(),
    fallback: null,
    computed: "the node's own",
    about: 'The bits that files made by the target do not get.',
  }),
  nice: define({
    group: 'target',
    roles: LEAF,
    schema: is.wholeNumber(-20, 19),
    fallback: null,
    computed: "the node's own",
    about: 'The niceness of the target; only root goes below that of the node.',
  }),
  shell: define({
    group: 'target',
    roles: LEAF,
    schema: is.flag(),
    fallback: false,
    about: 'True: target is not split but run by sh -c, with pipes, redirections and all.',
  }),
  env: define({
    group: 'target',
    roles: LEAF,
    schema: is.text('NAME=value, several split as a shell would', 131_072),
    fallback: null,
    computed: 'none',
    about: 'Variables that the target gets beside those of the node. In a tree file a map does as well.',
  }),
  env_file: define({
    group: 'target',
    roles: LEAF,
    schema: is.text('a file'),
    fallback: null,
    computed: 'none',
    about:
      'A .env file with such variables, read when the node starts; env wins over it. With - in front it may be missing.',
  }),
} as const;

export const PLAIN_RUN_AS = ['shell'] as const;
