/** A relay is: a broker, the tree below it, and a bridge upward. A root is the same without the bridge. */
import { join } from 'node:path';
import { Bridge } from '../../broker/bridge.js';
import { EmbeddedBroker } from '../../broker/embedded.js';
import { systemClock } from '../core/clock.js';
import { addressKey } from '../core/remote-address.js';
import { Fleet } from '../fleet/fleet.js';
import { CommandMemory } from '../node/memory.js';
import type { Publisher } from '../node/publisher.js';
import { identify } from '../protocol/identity.js';
import { topicRules } from '../protocol/topics.js';
import type { Desk } from '../tree/desk.js';
import { Ingest } from '../tree/ingest.js';
import { Seen } from '../tree/seen.js';
import { Tree } from '../tree/tree.js';
import { access, authenticating } from './access.js';
import { alertsFileStep, alertsStep } from './alerts.js';
import { auditStep, authenticatorFor, refusing } from './audit.js';
import { brokerLimits } from './bounds.js';
import { type NodeContainer, token } from './container.js';
import { deadManStep } from './deadman.js';
import { enrolling } from './enrolment.js';
import { identityStep } from './identity.js';
import type { Step } from './lifecycle.js';
import { doorsOf, INSECURE, listenersStep } from './listeners.js';
import { openMaintenance } from './maintenance.js';
import { observerSteps } from './observer.js';
import { renewalStep } from './renewal.js';
import { restSteps } from './rest.js';
import { restarting } from './restarting.js';
import { makeOwed, makeRegistry, openRoster } from './roster.js';
import { SPOOL, SPOOLED, spooling, spoolStep, startSpool } from './spool.js';
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
  OWED,
  OWN_LINK,
  REGISTRY,
  ROSTER,
  SETTINGS,
  TREE,
  UPLINK,
} from './tokens.js';
import { provideUplink, uplinkStep } from './uplink.js';
import { UPLINK_FACTS, watchUplink } from './uplink-facts.js';

/** Events and results that were taken already. */
const SEEN = token<Seen>('what was seen');

/** Milliseconds that the last words may take to reach the parent. */
const GOODBYE_MS = 1000;

export const relaySteps = (node: NodeContainer): Step[] => [
  alertsFileStep(node),
  auditStep(node),
  ...doorSteps(node),
  uplinkStep(node),
  spoolStep(node),
  brokerStep(node),
  bridgeStep(node),
  alertsStep(node),
  ...observerSteps(node),
  treeStep(node),
  hubStep(node),
  deadManStep(node),
  renewalStep(node),
  ...restSteps(node),
];

export const rootSteps = (node: NodeContainer): Step[] => [
  alertsFileStep(node),
  auditStep(node),
  ...doorSteps(node),
  brokerStep(node),
  alertsStep(node),
  ...observerSteps(node),
  treeStep(node),
  hubStep(node),
  deadManStep(node),
  ...restSteps(node),
];

const doorSteps = (node: NodeContainer): Step[] => [identityStep(node), listenersStep(node)];

function brokerStep(node: NodeContainer): Step {
  provideHub(node)
    .provide(CLOCK, () => systemClock)
    .provide(REGISTRY, makeRegistry)
    .provide(ROSTER, openRoster)
    .provide(SEEN, from => new Seen(join(from.get(SETTINGS).dataDir, 'seen.jsonl')))
    .provide(INGEST, makeIngest)
    .provide(OWN_LINK, from => from.get(BROKER).link({ name: '', instance: from.get(INSTALLATION).instance }))
    .provide(MAINTENANCE, openMaintenance)
    .provide(TREE, makeTree);
  return {
    name: 'broker',
    start: async () => void node.set(BROKER, await listen(node)),
    stop: async () => {
      await node.get(BROKER).close();
      node.get(ROSTER).stop();
      node.get(SEEN).flush();
    },
  };
}

const makeIngest = (node: NodeContainer): Ingest =>
  new Ingest(node.get(REGISTRY), node.get(CLOCK), name => node.get(BROKER).holds(name), node.get(SEEN));

function listen(node: NodeContainer): Promise<EmbeddedBroker> {
  const settings = node.get(SETTINGS);
  return EmbeddedBroker.listen({
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

function makeTree(node: NodeContainer): Tree {
  const settings = node.get(SETTINGS);
  const { role, hbInterval, timeout, dataDir, flapHigh, flapLow, flapInterval } = settings;
  return new Tree({
    kind: role === 'root' ? 'root' : 'relay',
    epoch: node.get(INSTALLATION).epoch,
    interval: hbInterval,
    timeout,
    link: node.get(OWN_LINK),
    registry: node.get(REGISTRY),
    roster: node.get(ROSTER),
    ingest: node.get(INGEST),
    memory: new CommandMemory(join(dataDir, 'commands.jsonl')),
    clock: node.get(CLOCK),
    log: node.get(LOG),
    release: name => node.get(BROKER).release(name),
    presence: node.get(BROKER),
    flapping: { high: flapHigh, low: flapLow, intervalMs: flapInterval * 1000 },
    clockSkewMs: settings.clockSkew * 1000,
    restarting: restarting(settings),
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
  provideUplink(node).provide(BRIDGE, makeBridge).provide(OWED, makeOwed);
  const owed = () => node.get(OWED);
  return {
    name: 'bridge',
    start: async () => {
      node.get(INGEST).listen(owed());
      startSpool(node);
      node.set(UPLINK_FACTS, watchUplink(node));
      await node.get(BRIDGE).start();
      owed().start();
    },
    stop: async () => {
      owed().stop();
      if (node.has(UPLINK_FACTS)) node.get(UPLINK_FACTS).stop();
      await node.get(SPOOL)?.flush(GOODBYE_MS);
      await node.get(UPLINK).flush(GOODBYE_MS);
      await node.get(BRIDGE).stop();
      await node.get(UPLINK).close();
    },
  };
}

function makeBridge(node: NodeContainer): Bridge {
  const spool = node.get(SPOOL);
  return new Bridge({
    local: node.get(OWN_LINK),
    up: node.get(UPLINK),
    name: node.get(SETTINGS).name,
    rules: topicRules,
    onRefused: refusing(node),
    staysHere: staysHere(node),
    ...(spool && {
      keeper: { channels: SPOOLED, add: spool.add, caughtUp: () => spool.caughtUp() },
    }),
  });
}
