/** Whether strangers can reach the listeners of a node: refused, unless its owner says otherwise. */
import { lookup } from 'node:dns/promises';
import { isLoopback } from '../config/address.js';
import { type Exposure, exposures, listenersOf } from '../config/listening.js';
import { envName } from '../config/load.js';
import { ConfigError } from '../config/problems.js';
import type { NodeSettings } from '../config/settings.js';
import { type NodeContainer, token } from './container.js';
import type { Step } from './lifecycle.js';
import { LOG, SETTINGS } from './tokens.js';

/** Strangers can reach it, and its owner has said that this is meant. */
export const INSECURE = token<boolean>('insecure');

export const exposureStep = (node: NodeContainer): Step => ({
  name: 'exposure',
  start: async () => {
    const exposed = await exposedListeners(node.get(SETTINGS));
    for (const { found } of exposed)
      node
        .get(LOG)
        .warn(`INSECURE: ${found}: whoever can reach it can run things on the machines of this tree`);
    node.set(INSECURE, exposed.length > 0);
  },
  stop: () => {},
});

/**
 * Those of its listeners that others than this machine can reach without TLS, or without proving who they are.
 * @throws ConfigError `insecure-listener` where there are any and `insecure` is not set
 */
export async function exposedListeners(settings: NodeSettings): Promise<Exposure[]> {
  const hosts = [...new Set(listenersOf(settings).map(({ host }) => host))];
  const reachable = new Map(
    await Promise.all(hosts.map(async host => [host, await isReachable(host)] as const)),
  );
  const found = exposures(settings, envName, host => reachable.get(host) ?? true);
  if (found.length === 0 || settings.insecure) return found;
  throw new ConfigError(
    found.map(({ at, expected, found }) => ({
      code: 'insecure-listener',
      where: envName(at.key),
      expected,
      found,
    })),
  );
}

/** By all addresses of a name: whichever it listens on. One that means nothing is for the listener to say. */
async function isReachable(host: string): Promise<boolean> {
  const known = isLoopback(host);
  if (known !== null) return !known;
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.some(({ address }) => isLoopback(address) === false);
}
