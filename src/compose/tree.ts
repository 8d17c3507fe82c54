/** What a node with a broker knows and does about what is below it. */
import { join } from 'node:path';
import { Fleet } from '../fleet/fleet.js';
import { CommandMemory } from '../node/memory.js';
import type { Publisher } from '../node/publisher.js';
import type { Desk } from '../tree/desk.js';
import { Tree } from '../tree/tree.js';
import type { NodeContainer } from './container.js';
import { INSECURE } from './exposure.js';
import { GOODBYE_MS } from './goodbye.js';
import type { Step } from './lifecycle.js';
import { openMaintenance } from './maintenance.js';
import { restarting } from './restarting.js';
import {
  BROKER,
  CLOCK,
  FLEET,
  INGEST,
  INSTALLATION,
  LOG,
  MAINTENANCE,
  OWN_LINK,
  REGISTRY,
  ROSTER,
  SETTINGS,
  TREE,
} from './tokens.js';

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

export function treeStep(node: NodeContainer): Step {
  node.provide(MAINTENANCE, openMaintenance).provide(TREE, makeTree);
  return {
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
  };
}
