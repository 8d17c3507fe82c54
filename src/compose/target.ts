/** The target of a leaf, from its settings: begun before anything else of the node. */
import { ConfigError } from '../config/problems.js';
import { DesiredState } from '../leaf/desired.js';
import { LeafTarget } from '../leaf/leaf-target.js';
import type { TargetSpec } from '../leaf/target-spec.js';
import { CommandMemory } from '../node/memory.js';
import type { NodeContainer } from './container.js';
import type { Step, Stopping } from './lifecycle.js';
import { openLogs } from './logs.js';
import { type RunAs, runAsOf } from './run-as.js';
import {
  CLOCK,
  COMMAND_MEMORY,
  DESIRED,
  INSTALLATION,
  LOG,
  LOGS,
  ORDER,
  PARENT_BROKER,
  RUN_AS,
  SETTINGS,
  TARGET,
  TARGET_ENV,
} from './tokens.js';

/** Milliseconds beyond the grace period that stopping a leaf may take. */
const MARGIN_MS = 5000;

export const stopMsOf = (node: NodeContainer): number => node.get(SETTINGS).stopGrace * 1000 + MARGIN_MS;

export function targetStep(node: NodeContainer): Step {
  const { dataDir } = node.get(SETTINGS);
  node
    .provide(LOGS, openLogs)
    .provide(DESIRED, openDesired)
    .provide(COMMAND_MEMORY, () => new CommandMemory(`${dataDir}/commands.jsonl`))
    .provide(RUN_AS, runAsHere)
    .provide(TARGET, makeTarget);
  return {
    name: 'target',
    start: () => node.get(TARGET).begin(),
    stop: how => node.get(TARGET).end(goesOn(node, how)),
    stopMs: stopMsOf(node),
  };
}

/** Whether the target does without its leaf. */
export const goesOn = (node: NodeContainer, how: Stopping): boolean =>
  how === 'undo' ? node.get(TARGET).adopted : how === 'hand-over' && node.get(SETTINGS).onExit === 'keep';

const makeTarget = (node: NodeContainer): LeafTarget =>
  new LeafTarget({
    spec: specOf(node),
    logs: node.get(LOGS),
    desired: node.get(DESIRED),
    memory: node.get(COMMAND_MEMORY),
    order: node.get(ORDER),
    clock: node.get(CLOCK),
  });

function openDesired(node: NodeContainer): DesiredState {
  const { dataDir, desired } = node.get(SETTINGS);
  const warn = (message: string): void => node.get(LOG).warn({ code: 'desired-state' }, message);
  return new DesiredState(dataDir, desired, warn);
}

/** A leaf among others that can't run its target is in the tree, and down for it; one that is alone does not start. */
function runAsHere(node: NodeContainer): () => RunAs {
  const [settings, env] = [node.get(SETTINGS), node.get(TARGET_ENV)];
  let found: RunAs | null = null;
  // What is not there may be there at the next start.
  const runAs = (): RunAs => {
    found ??= runAsOf(settings, env);
    return found;
  };
  try {
    runAs();
  } catch (error) {
    if (!(error instanceof ConfigError) || node.get(PARENT_BROKER) === null) throw error;
  }
  return runAs;
}

function specOf(node: NodeContainer): TargetSpec {
  const settings = node.get(SETTINGS);
  const { instance, fresh } = node.get(INSTALLATION);
  return {
    words: settings.target?.words ?? [],
    ground: node.get(RUN_AS),
    dataDir: settings.dataDir,
    mark: instance,
    fresh,
    output: node.get(LOGS),
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
  };
}
