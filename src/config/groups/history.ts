/** What a node with a broker keeps of what happened. */
import * as is from '../schemas.js';
import { BROKERS, define } from './setting.js';

export const HISTORY = {
  history: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.flag(),
    fallback: null,
    computed: '`true` where REST is served',
    about: 'Whether every transition, incident and event is kept, on disk below data_dir.',
  }),
  history_days: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.wholeNumber(1, 3650),
    fallback: 30,
    about: 'Days for which it is kept.',
  }),
  history_max_bytes: define({
    group: 'rest',
    roles: BROKERS,
    schema: is.size(),
    fallback: '256M',
    about: 'Room for it, before compression; beyond it the oldest goes. At least 1M.',
  }),
} as const;
