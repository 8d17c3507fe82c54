import { connect, type Socket } from 'node:net';
import { joinWrites } from './join-writes.js';

/** Turns an address into a connection; the seam for tls and ws. */
export type Dial = (url: URL, timeoutMs: number) => Socket;

/** `mqtt://host:port`, 1883 by default. A connection that is not there in time is destroyed with ETIMEDOUT. */
export const dialTcp: Dial = (url, timeoutMs) => {
  const port = Number(url.port || 1883);
  // Nagle's algorithm costs 20 ms per hop at the 99th percentile.
  const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port, noDelay: true });
  const timer = setTimeout(() => {
    const error = new Error(`no connection to ${url.host} within ${timeoutMs} ms`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  }, timeoutMs);
  const settled = () => clearTimeout(timer);
  joinWrites(socket);
  return socket.once('connect', settled).once('close', settled);
};

/** Throws where there is no way to dial it. */
export function mqttUrl(text: string): URL {
  const url = new URL(text);
  if (url.protocol !== 'mqtt:' && url.protocol !== 'tcp:')
    throw new Error(`no way to dial ${url.protocol}// yet`);
  return url;
}
