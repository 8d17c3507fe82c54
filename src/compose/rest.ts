/** REST over what a tree knows: served by a root, and by any relay that is told where. */
import { CanopyError } from '../core/errors.js';
import { isDirectChild, lastName, parentOf } from '../core/names.js';
import { verdict } from '../core/verdict.js';
import { asCommand } from '../protocol/commands.js';
import { type Answerer, Front } from '../rest/front.js';
import { forgetBelow, forgettable } from '../tree/orders.js';
import { type NodeContainer, token } from './container.js';
import type { Step } from './lifecycle.js';
import { HUB, LOG, REGISTRY, SETTINGS, TREE, UPLINK } from './tokens.js';
import { VERSION } from './version.js';

export const REST = token<Front>('rest');

/** Milliseconds that a relay may take to forget a node of its own. */
const FORGET_MS = 5000;

export function restSteps(node: NodeContainer): Step[] {
  const { rest } = node.get(SETTINGS);
  if (rest === null) return [];
  node.provide(REST, makeFront);
  return [
    {
      name: 'rest',
      start: () =>
        node
          .get(REST)
          .listen(rest.host, rest.port)
          .catch(error => {
            throw taken(rest, error);
          }),
      stop: () => node.get(REST).close(),
    },
  ];
}

function taken({ host, port }: { host: string; port: number }, error: NodeJS.ErrnoException): Error {
  if (error.code !== 'EADDRINUSE') return error;
  const message = `cannot serve REST on ${host}:${port}: the address is already in use by another program; rest_host and rest_port say where to listen`;
  return Object.assign(new Error(message), { code: error.code });
}

const makeFront = (node: NodeContainer): Front =>
  new Front(
    () => build(node),
    err => node.get(LOG).error({ err }, 'REST could not be loaded'),
  );

async function build(node: NodeContainer): Promise<Answerer> {
  const [{ buildRest }, { Views }] = await Promise.all([
    import('../rest/server.js'),
    import('../rest/views.js'),
  ]);
  return buildRest({
    views: new Views(node.get(REGISTRY), node.get(SETTINGS).name),
    forget: path => forget(node, path),
    desk: node.get(TREE).desk,
    logs: node.get(HUB),
    recall: id => node.get(TREE).recall(id),
    readiness: () => ({ ready: true, uplink: node.has(UPLINK) ? node.get(UPLINK).state : null }),
    version: VERSION,
    log: node.get(LOG),
  });
}

/** A direct child here; a deeper one by its own parent, or here where that is gone too. */
async function forget(node: NodeContainer, path: string): Promise<void> {
  const registry = node.get(REGISTRY);
  const { desk, publisher } = node.get(TREE);
  forgettable(registry, path);
  const parent = isDirectChild(path) ? undefined : registry.get(parentOf(path));
  if (parent?.link !== 'online' || verdict(registry, parent).blockedBy !== null) {
    forgetBelow(registry, publisher, path);
    return;
  }
  const command = asCommand({ op: 'forget', args: { path: lastName(path) }, by: 'rest' });
  desk.send(parent.path, command);
  const result = await desk.wait(command.id, FORGET_MS);
  if (result?.status === 'succeeded') return;
  throw new CanopyError(
    'node-unreachable',
    `"${parent.path}" did not forget it: ${result?.error?.message ?? 'no answer'}`,
  );
}
