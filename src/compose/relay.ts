/** A relay is: a broker, the tree below it, and a bridge upward. A root is the same without the bridge. */
import { join } from 'node:path';
import { Bridge } from '../../broker/bridge.js';
import { EmbeddedBroker } from '../../broker/embedded.js';
import { systemClock } from '../core/clock.js';
import { Registry } from '../core/registry.js';
import { Fleet } from '../fleet/fleet.js';
import { CommandMemory } from '../node/memory.js';
import type { Publisher } from '../node/publisher.js';
import { identify } from '../protocol/identity.js';
import { topicRules } from '../protocol/topics.js';
import type { Desk } from '../tree/desk.js';
import { Ingest } from '../tree/ingest.js';
import { Tree } from '../tree/tree.js';
import { access, authenticating } from './access.js';
import { auditStep, authenticatorFor, refusing } from './audit.js';
import { brokerLimits } from './bounds.js';
import type { NodeContainer } from './container.js';
import { enrolling } from './enrolment.js';
import { identityStep } from './identity.js';
import type { Step } from './lifecycle.js';
import { doorsOf, INSECURE, listenersStep } from './listeners.js';
import { openMaintenance } from './maintenance.js';
import { observerSteps } from './observer.js';
import { renewalStep } from './renewal.js';
import { restSteps } from './rest.js';
import { admitting, heard, hubStep, provideHub, staysHere } from './streams.js';
import {
  BRIDGE,
  BROKER,
  CLOCK,
  FLEET,
  INGEST,
  INSTALLATION,
  LOG,
  MAINTENANCE,
  OWN_LINK,
  REGISTRY,
  SETTINGS,
  TREE,
  UPLINK,
} from './tokens.js';
import { provideUplink, uplinkStep } from './uplink.js';

/** Milliseconds that the last words may take to reach the parent. */
const GOODBYE_MS = 1000;

export const relaySteps = (node: NodeContainer): Step[] => [
  auditStep(node),
  ...doorSteps(node),
  brokerStep(node),
  uplinkStep(node),
  bridgeStep(node),
  ...observerSteps(node),
  treeStep(node),
  hubStep(node),
  renewalStep(node),
  ...restSteps(node),
];

export const rootSteps = (node: NodeContainer): Step[] => [
  auditStep(node),
  ...doorSteps(node),
  brokerStep(node),
  ...observerSteps(node),
  treeStep(node),
  hubStep(node),
  ...restSteps(node),
];

const doorSteps = (node: NodeContainer): Step[] => [identityStep(node), listenersStep(node)];

function brokerStep(node: NodeContainer): Step {
  provideHub(node)
    .provide(CLOCK, () => systemClock)
    .provide(REGISTRY, () => new Registry())
    .provide(INGEST, makeIngest)
    .provide(OWN_LINK, from => from.get(BROKER).link({ name: '', instance: from.get(INSTALLATION).instance }))
    .provide(MAINTENANCE, openMaintenance)
    .provide(TREE, makeTree);
  return {
    name: 'broker',
    start: async () => void node.set(BROKER, await listen(node)),
    stop: () => node.get(BROKER).close(),
  };
}

const makeIngest = (node: NodeContainer): Ingest =>
  new Ingest(node.get(REGISTRY), node.get(CLOCK), name => node.get(BROKER).holds(name));

function listen(node: NodeContainer): Promise<EmbeddedBroker> {
  const settings = node.get(SETTINGS);
  return EmbeddedBroker.listen({
    ...doorsOf(node),
    rules: topicRules,
    identify,
    authenticate: authenticating(authenticatorFor(node, 'mqtt')),
    access,
    admit: enrolling(node, admitting(node)),
    onRefused: refusing(node),
    onAudience: heard(node),
    limits: brokerLimits(settings),
  });
}

function makeTree(node: NodeContainer): Tree {
  const { role, hbInterval, timeout, dataDir } = node.get(SETTINGS);
  return new Tree({
    kind: role === 'root' ? 'root' : 'relay',
    epoch: node.get(INSTALLATION).epoch,
    interval: hbInterval,
    timeout,
    link: node.get(OWN_LINK),
    registry: node.get(REGISTRY),
    ingest: node.get(INGEST),
    memory: new CommandMemory(join(dataDir, 'commands.jsonl')),
    clock: node.get(CLOCK),
    log: node.get(LOG),
    release: name => node.get(BROKER).release(name),
    presence: node.get(BROKER),
    maintenance: node.get(MAINTENANCE),
    insecure: node.get(INSECURE),
    below: (desk, publisher) => openFleet(node, desk, publisher).plan,
  });
}

/** The tree hands it the desk and the voice of the node. */
function openFleet(node: NodeContainer, desk: Desk, publisher: Publisher): Fleet {
  const fleet = new Fleet({
    name: node.get(SETTINGS).name,
    registry: node.get(REGISTRY),
    desk,
    publisher,
    clock: node.get(CLOCK),
    ordersFile: join(node.get(SETTINGS).dataDir, 'orders.json'),
    log: node.get(LOG),
  });
  node.set(FLEET, fleet);
  return fleet;
}

const treeStep = (node: NodeContainer): Step => ({
  name: 'tree',
  start: async () => {
    await node.get(TREE).start();
    node.get(FLEET).keeper.start();
  },
  stop: async () => {
    node.get(FLEET).keeper.stop();
    node.get(MAINTENANCE).close();
    node.get(TREE).stop();
    await node.get(OWN_LINK).flush(GOODBYE_MS);
  },
});

function bridgeStep(node: NodeContainer): Step {
  provideUplink(node).provide(BRIDGE, makeBridge);
  return {
    name: 'bridge',
    start: () => node.get(BRIDGE).start(),
    stop: async () => {
      await node.get(UPLINK).flush(GOODBYE_MS);
      await node.get(BRIDGE).stop();
      await node.get(UPLINK).close();
    },
  };
}

const makeBridge = (node: NodeContainer): Bridge =>
  new Bridge({
    local: node.get(OWN_LINK),
    up: node.get(UPLINK),
    name: node.get(SETTINGS).name,
    rules: topicRules,
    onRefused: refusing(node),
    staysHere: staysHere(node),
  });
