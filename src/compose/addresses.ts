/** Whether a node can have the addresses that it is to listen on. */
import { type Address, TcpListener } from '../../broker/listener.js';
import { listenersOf } from '../config/listening.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { SETTINGS } from './tokens.js';

/**
 * Looked at before any target is started, and held only when all else of the node is there.
 * Throws the system's error (EADDRINUSE, EACCES) with a message that names the address.
 */
export const addressesStep = (node: NodeContainer): Step => ({
  name: 'addresses',
  start: async () => {
    for (const { host, port, what } of listenersOf(node.get(SETTINGS))) {
      const listener = new TcpListener();
      await listener
        .open({ host, port }, socket => socket.destroy())
        .catch(error => {
          throw what === 'REST' ? restTaken({ host, port }, error) : error;
        });
      await listener.close();
    }
  },
  stop: () => {},
});

export function restTaken({ host, port }: Address, error: NodeJS.ErrnoException): Error {
  if (error.code !== 'EADDRINUSE') return error;
  const message = `cannot serve REST on ${host}:${port}: the address is already in use by another program; rest_host and rest_port say where to listen`;
  return Object.assign(new Error(message), { code: error.code });
}
