/** What a relay keeps for its parent while that can't be reached. */
import * as is from '../schemas.js';
import { define } from './setting.js';

export const SPOOL = {
  spool_max_bytes: define({
    group: 'broker',
    roles: ['relay'],
    schema: is.wholeNumber(65_536, 100_000_000_000),
    fallback: 67_108_864,
    unit: 'bytes',
    about:
      'Events, states and results that a relay keeps on disk while its parent is away; the oldest go when there are more.',
  }),
} as const;

export const PLAIN_SPOOL = ['spool_max_bytes'] as const;
