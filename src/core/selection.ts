/** Which leaves below a node a command is meant for. */
import { wrong } from './arguments.js';
import { CanopyError } from './errors.js';
import { hasLabel, isLabel } from './labels.js';
import type { NodeRecord } from './node-record.js';
import type { Registry } from './registry.js';

export interface Select {
  readonly all?: true;
  readonly app?: string;
  readonly path?: string;
  readonly label?: string;
}

/** The leaves that fit all that the select says, in order of their paths. Throws `bad-argument` for a select of nothing. */
export function selected(registry: Pick<Registry, 'all'>, select: Select): NodeRecord[] {
  const { all, app, path, label } = select;
  if (label !== undefined && !isLabel(label)) throw wrong('label', 'key=value', label);
  if (all === undefined && app === undefined && path === undefined && label === undefined) {
    throw new CanopyError(
      'bad-argument',
      'expected a select by all, app, path or label, found one of nothing',
    );
  }
  return [...registry.all()]
    .filter(record => record.kind === 'leaf')
    .filter(record => app === undefined || record.app === app)
    .filter(record => label === undefined || hasLabel(record.labels, label))
    .filter(record => path === undefined || record.path === path || record.path.startsWith(`${path}/`))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
