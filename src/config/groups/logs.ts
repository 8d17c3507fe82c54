/** What a leaf keeps of what its target writes. */
import * as is from '../schemas.js';
import { define, LEAF } from './setting.js';

export const LOGS = {
  log_max_bytes: define({
    group: 'target',
    roles: LEAF,
    schema: is.size(),
    fallback: '256M',
    about:
      'Room for what the target writes, index included; beyond it the oldest goes. At least twice log_segment_bytes.',
  }),
  log_segment_bytes: define({
    group: 'target',
    roles: LEAF,
    schema: is.size(),
    fallback: '8M',
    about: 'What of it goes at a time; at least 64K.',
  }),
  log_max_age: define({
    group: 'target',
    roles: LEAF,
    schema: is.secondsOrNone(),
    fallback: 0,
    unit: 's',
    about: 'What is older goes as well; 0: however old it is.',
  }),
  log_capture: define({
    group: 'target',
    roles: LEAF,
    schema: is.choice('auto', 'files', 'fifos'),
    fallback: 'auto',
    about:
      'Whether the target writes to files, which are made room in by punching holes, or to FIFOs, which the leaf empties; auto: files where holes can be punched.',
  }),
} as const;
