/** The names under which a node's listeners are reached: what its server certificate must cover. */

import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

const DNS = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/i;

export interface Machine {
  readonly hostName: string;
  readonly addresses: readonly string[];
}

export const thisMachine = (): Machine => ({
  hostName: hostname(),
  addresses: Object.values(networkInterfaces()).flatMap(all => (all ?? []).map(it => it.address)),
});

/**
 * `listeners`: host names and addresses as they are set. One that listens on all addresses is reached by each of the machine,
 * link-local ones aside. What is neither a DNS name nor an address is left out.
 */
export function certifiedHosts(listeners: readonly string[], machine: Machine = thisMachine()): string[] {
  const isOpen = listeners.some(host => host === '0.0.0.0' || host === '::');
  const all = [
    ...listeners.filter(host => host !== '0.0.0.0' && host !== '::'),
    'localhost',
    '127.0.0.1',
    '::1',
    machine.hostName,
    ...(isOpen ? machine.addresses : []),
  ].map(host =>
    host
      .replace(/^\[(.*)\]$/, '$1')
      .replace(/%.*$/, '')
      .toLowerCase(),
  );
  return [...new Set(all)].filter(host => (isIP(host) ? !/^fe[89ab]/.test(host) : DNS.test(host)));
}
