/** How much memory a target may take. */
import * as is from '../schemas.js';
import { define, LEAF } from './setting.js';

export const LIMITS = {
  memory_warn: define({
    group: 'target',
    roles: LEAF,
    schema: is.size(),
    fallback: null,
    computed: 'none',
    about: 'Memory (RSS of all processes of its group) above which the health of the target is warning.',
  }),
  memory_max: define({
    group: 'target',
    roles: LEAF,
    schema: is.size(),
    fallback: null,
    computed: 'none',
    about: 'Memory above which the target is restarted by the restart policy.',
  }),
} as const;
