/** Host and port of brokers and REST listeners. */

import { isIP } from 'node:net';
import { isHost } from './schemas.js';

export interface Address {
  host: string;
  port: number;
}

const SUPPORTED = 'mqtt://host:port, without user, path or query';

export const brokerUrl = ({ host, port }: Address): string =>
  `mqtt://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;

/** A text says what was expected instead. */
export function parseBrokerUrl(text: string): Address | string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url) return SUPPORTED;
  if (['mqtts:', 'ws:', 'wss:'].includes(url.protocol))
    return `mqtt://host:port (mqtts, ws and wss are not supported yet)`;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const bare = url.username + url.password + url.search + url.hash === '' && ['', '/'].includes(url.pathname);
  if (url.protocol !== 'mqtt:' || !bare || !isHost(host) || url.port === '0') return SUPPORTED;
  return { host, port: url.port === '' ? 1883 : Number(url.port) };
}

export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';
const isLocal = (host: string): boolean =>
  isWildcard(host) || ['127.0.0.1', '::1', 'localhost'].includes(host);

/** Whether two listeners would be in each other's way; any free port (0) never is. */
export function sameAddress(a: Address, b: Address): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  if (a.host.toLowerCase() === b.host.toLowerCase()) return true;
  if (!isLocal(a.host) || !isLocal(b.host)) return false;
  // 127.0.0.1 and ::1 are two addresses, unless one side takes both families.
  const families = [a.host, b.host].map(host => (host === '::' || host === 'localhost' ? 0 : isIP(host)));
  return families.includes(0) || families[0] === families[1];
}
