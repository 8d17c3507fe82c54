/** What tells whether a target has started, is alive and is ready; what they mean is Kubernetes'. */
import type { TInteger, TNumber, TString } from 'typebox';
import { PROBES, type ProbeName } from '../../core/probes.js';
import * as is from '../schemas.js';
import { define, LEAF, type Setting } from './setting.js';

type Keys<N extends string> = Record<`${N}_probe`, Setting<TString>> &
  Record<`${N}_probe_${'interval' | 'timeout'}`, Setting<TNumber>> &
  Record<`${N}_probe_${'failures' | 'successes'}`, Setting<TInteger>>;

interface Words {
  readonly about: string;
  readonly interval: number;
  readonly failures: number;
  /** What so many failures in a row lead to. */
  readonly outcome: string;
}

const of = { group: 'target', roles: LEAF } as const;
const FORMS = 'http://host:port/path (or https), tcp://host:port, or exec: and a command';

function probe<N extends ProbeName>(name: N, { about, interval, failures, outcome }: Words): Keys<N> {
  const lasting = name === 'readiness';
  return {
    [`${name}_probe`]: define({
      ...of,
      schema: is.text(FORMS, 131_072),
      fallback: null,
      computed: 'none',
      about,
    }),
    [`${name}_probe_interval`]: define({
      ...of,
      schema: is.seconds(),
      fallback: interval,
      unit: 's',
      about: `Time between two looks of the ${name} probe.`,
    }),
    [`${name}_probe_timeout`]: define({
      ...of,
      schema: is.seconds(),
      fallback: 1,
      unit: 's',
      about: `Time in which the ${name} probe must have its answer.`,
    }),
    [`${name}_probe_failures`]: define({
      ...of,
      schema: is.wholeNumber(1, 1_000_000),
      fallback: failures,
      about: `Failures of the ${name} probe in a row after which ${outcome}.`,
    }),
    [`${name}_probe_successes`]: define({
      ...of,
      schema: lasting ? is.wholeNumber(1, 1_000_000) : is.one('the first one counts, as in Kubernetes'),
      fallback: 1,
      about: `Passes of the ${name} probe in a row after which it counts as passed.`,
    }),
  } as unknown as Keys<N>;
}

export const PROBE_SETTINGS = {
  ...probe('startup', {
    about: 'Whether the target has started: the other two wait for it.',
    interval: 1,
    failures: 30,
    outcome: 'the target is restarted by the restart policy',
  }),
  ...probe('liveness', {
    about: 'Whether the target is alive, first looked at half an interval to one after its start.',
    interval: 10,
    failures: 3,
    outcome: 'the target is restarted by the restart policy; before that its health is warning',
  }),
  ...probe('readiness', {
    about:
      'Whether the target can serve. Its health is unknown until that has passed; it is never restarted for it.',
    interval: 10,
    failures: 3,
    outcome: 'its health is failing',
  }),
};

export const PROBE_KEYS = PROBES.map(name => `${name}_probe` as const);
