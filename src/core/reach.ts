/** Whether a node below can be spoken to now. */
import { CanopyError } from './errors.js';
import type { NodeRecord } from './node-record.js';
import type { Registry } from './registry.js';
import { verdict } from './verdict.js';

/** Throws `not-found` or `node-unreachable`. */
export function reachable(registry: Pick<Registry, 'get'>, path: string): NodeRecord {
  const record = registry.get(path);
  if (!record) throw new CanopyError('not-found', `there is no node "${path}" here`);
  const { status, blockedBy } = verdict(registry, record);
  if (blockedBy !== null)
    throw new CanopyError('node-unreachable', `"${path}" is behind "${blockedBy}", which is gone`);
  if (record.link !== 'online')
    throw new CanopyError('node-unreachable', `"${path}" is ${status} (${record.link})`);
  return record;
}
