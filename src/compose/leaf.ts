/** A leaf is: an uplink and a supervised target. */
import { join } from 'node:path';
import { ConfigError } from '../config/problems.js';
import type { NodeSettings } from '../config/settings.js';
import { DesiredState } from '../leaf/desired.js';
import { Leaf } from '../leaf/leaf.js';
import type { TargetOutput, TargetSpec } from '../leaf/target-spec.js';
import type { Installation } from '../node/installation.js';
import { CommandMemory } from '../node/memory.js';
import { coreCount } from '../process/host.js';
import type { NodeContainer } from './container.js';
import { healthSpec } from './health.js';
import type { Step } from './lifecycle.js';
import { openLogs } from './logs.js';
import { openMaintenance } from './maintenance.js';
import { renewalStep } from './renewal.js';
import { restarting } from './restarting.js';
import { type RunAs, runAsOf } from './run-as.js';
import { flowsStep } from './streams.js';
import {
  CLOCK,
  FLOWS,
  INSTALLATION,
  LEAF,
  LEAF_LOGS,
  LOG,
  LOGS,
  MAINTENANCE,
  ORDER,
  PARENT_BROKER,
  SETTINGS,
  TARGET_ENV,
  UPLINK,
} from './tokens.js';
import { provideUplink, uplinkStep } from './uplink.js';

/** Milliseconds beyond the grace period that stopping a leaf may take. */
const MARGIN_MS = 5000;

export function leafSteps(node: NodeContainer): Step[] {
  provideUplink(node).provide(MAINTENANCE, openMaintenance).provide(LOGS, openLogs).provide(LEAF, makeLeaf);
  const stopMs = node.get(SETTINGS).stopGrace * 1000 + MARGIN_MS;
  return [
    uplinkStep(node),
    flowsStep(node),
    {
      name: 'leaf',
      start: () => node.get(LEAF).start(),
      stop: async mayKeep => {
        node.get(MAINTENANCE).close();
        await node.get(LEAF).stop(mayKeep);
      },
      stopMs,
    },
    renewalStep(node),
  ];
}

function makeLeaf(node: NodeContainer): Leaf {
  const settings = node.get(SETTINGS);
  const { name, appName, hbInterval } = settings;
  const installation = node.get(INSTALLATION);
  const { epoch, instance } = installation;
  const runAs = runAsHere(node);
  return new Leaf({
    name,
    facts: { app: appName ?? name, epoch, interval: hbInterval },
    target: targetOf(settings, runAs, installation, node.get(LOGS)),
    logs: node.get(LOGS),
    health: healthSpec(settings, runAs, instance),
    order: node.get(ORDER),
    handing: { plan: node.get(LEAF_LOGS).plan, start: () => node.get(FLOWS).start() },
    link: node.get(UPLINK),
    allow: settings.allow,
    desired: new DesiredState(settings.dataDir, settings.desired),
    maintenance: node.get(MAINTENANCE),
    labels: settings.labels,
    ephemeral: settings.ephemeral,
    restarting: restarting(settings),
    host: { name: settings.hostName, cores: coreCount() },
    memory: new CommandMemory(join(settings.dataDir, 'commands.jsonl')),
    keepTarget: settings.onExit === 'keep',
    clock: node.get(CLOCK),
    log: node.get(LOG),
  });
}

/** A leaf among others that can't run its target is in the tree, and down for it; one that is alone does not start. */
function runAsHere(node: NodeContainer): RunAs & { readonly problem?: string } {
  const [settings, env] = [node.get(SETTINGS), node.get(TARGET_ENV)];
  try {
    return runAsOf(settings, env);
  } catch (error) {
    if (!(error instanceof ConfigError) || node.get(PARENT_BROKER) === null) throw error;
    return { env, before: [], problem: error.message };
  }
}

const targetOf = (
  settings: NodeSettings,
  runAs: RunAs,
  { instance, fresh }: Installation,
  output: TargetOutput,
): TargetSpec => ({
  words: settings.target?.words ?? [],
  ...runAs,
  dataDir: settings.dataDir,
  mark: instance,
  fresh,
  output,
  stopSignal: settings.stopSignal,
  policy: {
    restart: settings.restart,
    exitCodes: settings.exitCodes,
    startMs: settings.startSeconds * 1000,
    maxRestarts: settings.maxRestarts,
    windowMs: settings.restartWindow * 1000,
    atLimit: settings.atLimit,
    backoffMinMs: settings.backoffMin * 1000,
    backoffMaxMs: settings.backoffMax * 1000,
    settleMs: settings.settleTime * 1000,
    graceMs: settings.stopGrace * 1000,
  },
});
