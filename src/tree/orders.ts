/** What each command means to a node with a broker: what concerns the node itself, and what goes to leaves below it. */
import { CanopyError } from '../core/errors.js';
import { isSilent } from '../core/hidden.js';
import { pathProblem } from '../core/names.js';
import type { Registry } from '../core/registry.js';
import { verdict } from '../core/verdict.js';
import type { Publisher } from '../node/publisher.js';
import { onlyArguments, type Plan } from '../node/responder.js';
import { LEAF_OPS, NODE_OPS } from '../protocol/commands.js';

/** `below`: what is carried out on nodes below; `maintain`: what concerns the node itself; `forget`: that of one below. */
export interface NodePlans {
  readonly below: Plan;
  readonly maintain: Plan;
  readonly forget: (path: unknown, by: string) => ReturnType<Plan>;
}

const BELOW_OPS: ReadonlySet<string> = new Set(['scale', 'rebalance', 'orders', 'unkeep']);

export function nodePlan(registry: Registry, { below, maintain, forget }: NodePlans): Plan {
  return command => {
    const toMany = command.select !== undefined || command.pick !== undefined;
    if (toMany || BELOW_OPS.has(command.op)) return below(command);
    switch (command.op) {
      case 'ping':
        onlyArguments(command, []);
        return async () => ({ nodes: registry.size });
      case 'maintenance':
        return maintain(command);
      case 'forget':
        return forget(onlyArguments(command, ['path']).path, command.by ?? 'command');
      default:
        throw refusedOp(command.op);
    }
  };
}

function refusedOp(op: string): CanopyError {
  const takes = `this node takes ${NODE_OPS.join(', ')}`;
  return (LEAF_OPS as readonly string[]).includes(op)
    ? new CanopyError(
        'unsupported-op',
        `"${op}" is for leaves: address one, or add a select such as all, app=… or path=…; ${takes}`,
      )
    : new CanopyError('unknown-op', `there is no command "${op}"; ${takes}`);
}

/** Throws unless `path` names a node below that is known and gone. */
export function forgettable(registry: Registry, path: unknown): string {
  if (typeof path !== 'string' || path === '' || pathProblem(path) !== null) {
    throw new CanopyError(
      'bad-argument',
      `expected path, that of a node below this one, found ${JSON.stringify(path)}`,
    );
  }
  const record = registry.get(path);
  if (!record) throw new CanopyError('not-found', `there is no node "${path}" here`);
  const { status } = verdict(registry, record);
  if (record.link === 'online' && status !== 'unreachable' && !isSilent(registry, record)) {
    throw new CanopyError('node-alive', `"${path}" is ${status}; only a node that is gone can be forgotten`);
  }
  return path;
}

/** Clears the node and all below it here; the bridge carries it up. */
export function forgetBelow(registry: Registry, publisher: Publisher, path: string): string[] {
  const gone = [path, ...below(registry, path)];
  for (const each of gone.toReversed()) publisher.forget(each);
  return gone;
}

const below = (registry: Registry, path: string): string[] =>
  registry.childrenOf(path).flatMap(child => [child, ...below(registry, child)]);
