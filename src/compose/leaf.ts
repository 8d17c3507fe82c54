/** A leaf is: a supervised target, and an uplink by which it tells of it and is told. */
import { Leaf } from '../leaf/leaf.js';
import { nameTaken } from '../leaf/name-taken.js';
import { coreCount } from '../process/host.js';
import type { NodeContainer } from './container.js';
import { healthSpec } from './health.js';
import type { Step } from './lifecycle.js';
import { openMaintenance } from './maintenance.js';
import { renewalStep } from './renewal.js';
import { restarting } from './restarting.js';
import { flowsStep } from './streams.js';
import { goesOn, stopMsOf, targetStep } from './target.js';
import {
  CLOCK,
  COMMAND_MEMORY,
  DESIRED,
  FLOWS,
  INSTALLATION,
  LEAF,
  LEAF_LOGS,
  LOG,
  LOGS,
  MAINTENANCE,
  ORDER,
  PARENT_BROKER,
  RUN_AS,
  SETTINGS,
  TARGET,
  UPLINK,
} from './tokens.js';
import { provideUplink, uplinkStep } from './uplink.js';

/**
 * Where this process has the parent, nobody else can come by the name, and the target was begun already. Else it is started
 * whether or not the parent can be reached, but not where that says that another leaf of this name is alive.
 */
export function leafSteps(node: NodeContainer): Step[] {
  provideUplink(node).provide(MAINTENANCE, openMaintenance).provide(LEAF, makeLeaf);
  const isAlone = node.get(PARENT_BROKER) === null;
  return [
    uplinkStep(node),
    ...(isAlone ? [nameStep(node), targetStep(node)] : []),
    flowsStep(node),
    {
      name: 'leaf',
      start: () => node.get(LEAF).start(),
      stop: async how => {
        node.get(MAINTENANCE).close();
        await node.get(LEAF).stop(goesOn(node, how));
      },
      stopMs: stopMsOf(node),
    },
    renewalStep(node),
  ];
}

/** Throws LinkError name-taken. */
const nameStep = (node: NodeContainer): Step => ({
  name: 'name',
  start: async () => {
    const refused = await nameTaken(node.get(UPLINK));
    if (refused === null) return;
    node.get(UPLINK).abort();
    throw refused;
  },
  stop: () => {},
});

function makeLeaf(node: NodeContainer): Leaf {
  const settings = node.get(SETTINGS);
  const { name, appName, hbInterval } = settings;
  const { epoch, instance } = node.get(INSTALLATION);
  return new Leaf({
    name,
    facts: { app: appName ?? name, epoch, interval: hbInterval },
    target: node.get(TARGET),
    logs: node.get(LOGS),
    health: healthSpec(settings, node.get(RUN_AS), instance),
    order: node.get(ORDER),
    handing: { plan: node.get(LEAF_LOGS).plan, start: () => node.get(FLOWS).start() },
    link: node.get(UPLINK),
    allow: settings.allow,
    desired: node.get(DESIRED),
    maintenance: node.get(MAINTENANCE),
    labels: settings.labels,
    ephemeral: settings.ephemeral,
    restarting: restarting(settings),
    host: { name: settings.hostName, cores: coreCount() },
    memory: node.get(COMMAND_MEMORY),
    clock: node.get(CLOCK),
    log: node.get(LOG),
  });
}
