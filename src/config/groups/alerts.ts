/** Who is told when something is wrong, and who notices when this node is gone. */
import * as is from '../schemas.js';
import { BROKERS, define } from './setting.js';

const RELAY = ['relay'] as const;

export const ALERTS = {
  alerts_file: define({
    group: 'alerts',
    roles: BROKERS,
    schema: is.text('a file (YAML)'),
    fallback: null,
    computed: '`alerts.yaml` in the data directory, where there is one',
    about: 'Rules and receivers of alerts. Read again on SIGHUP; one that is wrong changes nothing then.',
  }),
  alerts: define({
    group: 'alerts',
    roles: RELAY,
    schema: is.choice('when-cut', 'always'),
    fallback: 'when-cut',
    about:
      'Whether a relay with an alerts file alerts only while its uplink is lost, or always: for one that has nobody with an alerts file above it.',
  }),
  alerts_expire: define({
    group: 'alerts',
    roles: BROKERS,
    schema: is.seconds(),
    fallback: 86400,
    unit: 's',
    about: 'How long a message of an alert is tried before it is given up.',
  }),
  alerts_queue: define({
    group: 'alerts',
    roles: BROKERS,
    schema: is.wholeNumber(1, 100_000),
    fallback: 1000,
    about: 'Messages that wait for one receiver at the most; beyond it the oldest goes, and is counted.',
  }),
  deadman_url: define({
    group: 'alerts',
    roles: BROKERS,
    schema: is.webUrl(),
    fallback: null,
    computed: 'none',
    single: true,
    about: 'Asked every deadman_interval while the node is well, so that somebody notices when it is not.',
  }),
  deadman_method: define({
    group: 'alerts',
    roles: BROKERS,
    schema: is.choice('GET', 'POST'),
    fallback: 'GET',
    about: 'How it is asked.',
  }),
  deadman_topic: define({
    group: 'alerts',
    roles: BROKERS,
    schema: is.plainTopic(),
    fallback: null,
    computed: 'none',
    single: true,
    about: 'A topic of its own broker that the same is published on.',
  }),
  deadman_interval: define({
    group: 'alerts',
    roles: BROKERS,
    schema: is.seconds(),
    fallback: 60,
    unit: 's',
    about: 'Time between two such beats.',
  }),
} as const;

export const PLAIN_ALERTS = [
  'alerts',
  'alerts_expire',
  'alerts_queue',
  'deadman_method',
  'deadman_interval',
] as const;
