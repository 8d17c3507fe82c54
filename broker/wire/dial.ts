import { connect, isIP, type Socket } from 'node:net';
import { joinWrites } from './join-writes.js';

/** Turns an address into a connection: plain, by TLS, or over a WebSocket. */
export type Dial = (url: URL, timeoutMs: number) => Socket;

/** What MQTT does without one (IANA), and WebSockets. */
const PORTS: Record<string, number> = { 'mqtt:': 1883, 'tcp:': 1883, 'mqtts:': 8883, 'ws:': 80, 'wss:': 443 };

export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');
export const portOf = (url: URL): number => Number(url.port || PORTS[url.protocol]);
export const isSecure = (url: URL): boolean => url.protocol === 'mqtts:' || url.protocol === 'wss:';
/** What a server is told of the name that it was asked for; an address is none (RFC 6066, 3). */
export const serverName = (url: URL): string => (isIP(hostOf(url)) === 0 ? hostOf(url) : '');

/** `mqtt://host:port`, 1883 by default. A connection that is not there in time is destroyed with ETIMEDOUT. */
export const dialTcp: Dial = (url, timeoutMs) => {
  // Nagle's algorithm costs 20 ms per hop at the 99th percentile.
  const socket = connect({ host: hostOf(url), port: portOf(url), noDelay: true });
  joinWrites(socket);
  return inTime(socket, 'connect', url, timeoutMs);
};

/** The connection, ended with ETIMEDOUT where `event` has not come in time. */
export function inTime<S extends Socket>(socket: S, event: string, url: URL, timeoutMs: number): S {
  const timer = setTimeout(() => {
    const error = new Error(`no connection to ${url.host} within ${timeoutMs} ms`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  }, timeoutMs);
  const settled = () => clearTimeout(timer);
  return socket.once(event, settled).once('close', settled);
}

/** Throws where there is no way to dial it. */
export function mqttUrl(text: string): URL {
  const url = new URL(text);
  if (!Object.hasOwn(PORTS, url.protocol)) throw new Error(`no way to dial ${url.protocol}//`);
  return url;
}
