/** The rules and receivers of a node with a broker, from its file. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadAlerts } from '../config/alerts-file.js';
import { type AlertsConfig, NO_ALERTS } from '../core/alert.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { ALERTS, ALERTS_CONFIG, LOG, SETTINGS, TARGET_ENV, TREE } from './tokens.js';

/** Before all that others can reach: what is wrong with the file keeps the node from starting. */
export const alertsFileStep = (node: NodeContainer): Step => ({
  name: 'alerts file',
  start: () => void node.set(ALERTS_CONFIG, readConfig(node)),
  stop: () => {},
});

/** On SIGHUP: what is wrong is told, and changes nothing. */
export function reloadAlerts(node: NodeContainer): void {
  if (!node.has(ALERTS)) return;
  try {
    node.get(ALERTS).use(readConfig(node));
    node.get(LOG).info({}, 'alerts read again');
  } catch (error) {
    const { message } = error as Error;
    node.get(LOG).error({}, `alerts not read again, the old rules stay: ${message}`);
    node.get(TREE).publisher.event('alert', message, { code: 'invalid-config' });
  }
}

function readConfig(node: NodeContainer): AlertsConfig {
  const { alertsFile, dataDir } = node.get(SETTINGS);
  const file = alertsFile ?? join(dataDir, 'alerts.yaml');
  return alertsFile === null && !existsSync(file) ? NO_ALERTS : loadAlerts(file, node.get(TARGET_ENV));
}
