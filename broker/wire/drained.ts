import type { Duplex } from 'node:stream';

/** Bytes that wait in a socket, beyond which QoS 0 is dropped. */
export const CONGESTED_BYTES = 256 * 1024;
/** Milliseconds for the last words. */
export const GOODBYE_MS = 1000;

/** Resolves when a socket takes more without holding it back, or is gone. */
export function drained(socket: Duplex): Promise<void> {
  if (socket.destroyed || !socket.writableNeedDrain) return Promise.resolve();
  return new Promise(resolve => {
    const settle = (): void => {
      socket.off('drain', settle).off('close', settle);
      resolve();
    };
    socket.on('drain', settle).on('close', settle);
  });
}
