/** Who goes first among the leaves of one process. */
import * as is from '../schemas.js';
import { define, LEAF } from './setting.js';

export const ORDER = {
  needs: define({
    group: 'target',
    roles: LEAF,
    schema: is.text('names of leaves beside it, or paths below the top node, joined by commas or spaces'),
    fallback: null,
    computed: 'none',
    single: true,
    list: true,
    about:
      'Only in a tree file: leaves of the same process that must run and pass before its target is started, and that are stopped after it.',
  }),
} as const;
