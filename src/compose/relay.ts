/** A relay is: a broker, the tree below it, and a bridge upward. A root is the same without the bridge. */
import { alertsStep } from './alerts.js';
import { auditStep } from './audit.js';
import { bridgeStep } from './bridge.js';
import { brokerStep, listeningStep } from './broker.js';
import type { NodeContainer } from './container.js';
import { deadManStep } from './deadman.js';
import { historyNewsStep, historyStep } from './history.js';
import { identityStep } from './identity.js';
import type { Step } from './lifecycle.js';
import { listenersStep } from './listeners.js';
import { observerStep } from './observer.js';
import { renewalStep } from './renewal.js';
import { restSteps } from './rest.js';
import { rosterStep } from './roster.js';
import { spoolStep } from './spool.js';
import { hubStep } from './streams.js';
import { treeStep } from './tree.js';
import { uplinkStep } from './uplink.js';

export const relaySteps = (node: NodeContainer): Step[] => [
  auditStep(node),
  ...doorSteps(node),
  uplinkStep(node),
  spoolStep(node),
  rosterStep(node),
  historyStep(node),
  brokerStep(node),
  bridgeStep(node),
  alertsStep(node),
  observerStep(node),
  historyNewsStep(node),
  treeStep(node),
  hubStep(node),
  listeningStep(node),
  deadManStep(node),
  renewalStep(node),
  ...restSteps(node),
];

export const rootSteps = (node: NodeContainer): Step[] => [
  auditStep(node),
  ...doorSteps(node),
  rosterStep(node),
  historyStep(node),
  brokerStep(node),
  alertsStep(node),
  observerStep(node),
  historyNewsStep(node),
  treeStep(node),
  hubStep(node),
  listeningStep(node),
  deadManStep(node),
  ...restSteps(node),
];

const doorSteps = (node: NodeContainer): Step[] => [identityStep(node), listenersStep(node)];
