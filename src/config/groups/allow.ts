/** What the owner of a leaf's machine lets others do there. */
import * as is from '../schemas.js';
import { define, LEAF } from './setting.js';

export const ALLOW = {
  allow: define({
    group: 'target',
    roles: LEAF,
    schema: is.operations(),
    fallback: null,
    computed: 'everything',
    list: true,
    about:
      'The only commands that the leaf carries out, whoever sends them: all others are rejected as not-allowed. none is nothing at all; follow includes reading what is stored.',
  }),
} as const;
