/** So many connections of one address: the rest is for the others. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { addressKey } from '../core/remote-address.js';

/** `crossed`: told of each that is dropped. */
export function shareConnections(server: Server, most: number, crossed: () => void): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const key = addressKey(socket.remoteAddress ?? '');
    const count = (open.get(key) ?? 0) + 1;
    if (count > most) {
      crossed();
      return void socket.destroy();
    }
    open.set(key, count);
    socket.once('close', () => {
      const left = (open.get(key) ?? 1) - 1;
      if (left > 0) open.set(key, left);
      else open.delete(key);
    });
  });
}
