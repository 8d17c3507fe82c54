/** The embedded broker of a node, with what decides who and what it lets through. */
import { join } from 'node:path';
import { EmbeddedBroker } from '../../broker/embedded.js';
import { systemClock } from '../core/clock.js';
import { addressKey } from '../core/remote-address.js';
import { identify } from '../protocol/identity.js';
import { topicRules } from '../protocol/topics.js';
import { Ingest } from '../tree/ingest.js';
import { Seen } from '../tree/seen.js';
import { access, authenticating } from './access.js';
import { authenticatorFor, refusing } from './audit.js';
import { brokerLimits } from './bounds.js';
import type { NodeContainer } from './container.js';
import { enrolling } from './enrolment.js';
import type { Step } from './lifecycle.js';
import { doorsOf } from './listeners.js';
import { makeRegistry, openRoster } from './roster.js';
import { spooling } from './spool.js';
import { admitting, heard, provideHub } from './streams.js';
import {
  BROKER,
  CLOCK,
  INGEST,
  INSTALLATION,
  LOCAL_CHILDREN,
  OWN_LINK,
  REGISTRY,
  ROSTER,
  SEEN,
  SETTINGS,
} from './tokens.js';

export function brokerStep(node: NodeContainer): Step {
  provideHub(node)
    .provide(CLOCK, () => systemClock)
    .provide(REGISTRY, makeRegistry)
    .provide(ROSTER, openRoster)
    .provide(SEEN, from => new Seen(join(from.get(SETTINGS).dataDir, 'seen.jsonl')))
    .provide(INGEST, makeIngest)
    .provide(OWN_LINK, from =>
      from.get(BROKER).link({ name: '', instance: from.get(INSTALLATION).instance }),
    );

  return {
    name: 'broker',
    start: async () => void node.set(BROKER, await create(node)),
    stop: async () => {
      await node.get(BROKER).close();
      node.get(SEEN).flush();
    },
  };
}

const makeIngest = (node: NodeContainer): Ingest =>
  new Ingest(node.get(REGISTRY), node.get(CLOCK), name => node.get(BROKER).holds(name), node.get(SEEN));

/**
 * Last of all: what a child is told was taken must have been heard by all that keep it. Children of this process come first,
 * so that nobody can take their names.
 */
export const listeningStep = (node: NodeContainer): Step => ({
  name: 'listening',
  start: () => {
    node.get(LOCAL_CHILDREN)?.open(node.get(BROKER));
    return node.get(BROKER).open();
  },
  stop: () => {},
});

function create(node: NodeContainer): Promise<EmbeddedBroker> {
  const settings = node.get(SETTINGS);
  return EmbeddedBroker.create({
    ...doorsOf(node),
    rules: topicRules,
    identify,
    authenticate: authenticating(authenticatorFor(node, 'mqtt')),
    access,
    admit: spooling(node, enrolling(node, admitting(node))),
    onRefused: refusing(node),
    onAudience: heard(node),
    limits: brokerLimits(settings),
    callerOf: addressKey,
    stored: node.get(ROSTER).retained(),
  });
}
