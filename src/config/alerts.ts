/** Where a node's alerts are, and where it beats to. */
import { resolve } from 'node:path';
import type { NodeSettings, Values } from './settings.js';

export const alertsOf = (cwd: string, values: Values): Pick<NodeSettings, 'alertsFile' | 'deadman'> => ({
  alertsFile: values.alerts_file === undefined ? null : resolve(cwd, values.alerts_file),
  deadman: { url: values.deadman_url ?? null, topic: values.deadman_topic ?? null },
});
