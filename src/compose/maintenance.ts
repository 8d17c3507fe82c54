/** Whether the node is in maintenance, from its data directory. */
import { MaintenanceState } from '../node/maintenance.js';
import type { NodeContainer } from './container.js';
import { CLOCK, SETTINGS } from './tokens.js';

export const openMaintenance = (node: NodeContainer): MaintenanceState =>
  new MaintenanceState(node.get(SETTINGS).dataDir, node.get(CLOCK));
