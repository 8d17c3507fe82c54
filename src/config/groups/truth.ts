/** What is held true of a node, and for how long. */
import * as is from '../schemas.js';
import { define, LEAF } from './setting.js';

export const TRUTH = {
  ephemeral: define({
    group: 'node',
    roles: LEAF,
    schema: is.flag(),
    fallback: false,
    about: 'The leaf is forgotten after a clean goodbye, at every hop.',
  }),
} as const;

export const PLAIN_TRUTH = Object.keys(TRUTH) as (keyof typeof TRUTH)[];
