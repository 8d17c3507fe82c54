/** The log store of a leaf, by its settings. */
import { LogStore } from '../logs/store.js';
import type { NodeContainer } from './container.js';
import { CLOCK, SETTINGS } from './tokens.js';

export const logDirOf = (dataDir: string): string => `${dataDir}/logs`;

export function openLogs(node: NodeContainer): LogStore {
  const { dataDir, logs } = node.get(SETTINGS);
  return new LogStore({ ...logs, dir: logDirOf(dataDir), clock: node.get(CLOCK) });
}
