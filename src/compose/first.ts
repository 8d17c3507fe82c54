/** What a node with a broker looks at before any leaf of its process starts a target: whatever keeps it from starting. */
import { addressesStep } from './addresses.js';
import { alertsFileStep } from './alerts-file.js';
import type { NodeContainer } from './container.js';
import { exposureStep } from './exposure.js';
import type { Step } from './lifecycle.js';

export const firstSteps = (node: NodeContainer): Step[] => [
  alertsFileStep(node),
  exposureStep(node),
  addressesStep(node),
];
