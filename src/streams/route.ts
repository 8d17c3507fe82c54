/** The neighbour by which a log far below is reached. Pure. */
import { CanopyError } from '../core/errors.js';
import { ancestors } from '../core/names.js';
import { isStandIn } from '../core/node-record.js';
import { reachable } from '../core/reach.js';
import type { Registry } from '../core/registry.js';

export interface Route {
  /** The first Canopy node on the way: mostly a direct child, deeper where plain brokers lie between. */
  readonly hop: string;
  /** From there on; '' the hop itself. */
  readonly rest: string;
}

/** Throws `not-found`, `node-unreachable`, or `unsupported-op` for a node that has no log of this kind. */
export function routeTo(registry: Pick<Registry, 'get'>, path: string, self: boolean): Route {
  const record = reachable(registry, path);
  if (isStandIn(record))
    throw new CanopyError('unsupported-op', `"${path}" is a plain broker, and has no log to read`);
  if (record.kind !== 'leaf' && !self) throw noTarget(path, record.kind ?? 'node');
  const hop = [...ancestors(path), path].find(above => {
    const known = registry.get(above);
    return known !== undefined && !isStandIn(known);
  }) as string;
  return { hop, rest: path.slice(hop.length + 1) };
}

export const noTarget = (path: string, kind: string): CanopyError =>
  new CanopyError(
    'unsupported-op',
    `"${path}" is a ${kind}: it has no target whose log could be read; name a leaf, or ask for its own log (self)`,
  );
