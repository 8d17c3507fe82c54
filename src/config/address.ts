/** Host and port of brokers and REST listeners. */

import { BlockList, isIP } from 'node:net';
import { isHost } from './schemas.js';

export interface Address {
  host: string;
  port: number;
}

export type Scheme = 'mqtt' | 'mqtts' | 'ws' | 'wss';
/** Where a broker is, and how it is spoken to. */
export interface BrokerAddress extends Address {
  scheme: Scheme;
  /** Of a WebSocket; '' on the others. */
  path: string;
}

const PORTS: Record<Scheme, number> = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };
const WS_PATH = '/mqtt';
const SUPPORTED = 'mqtt, mqtts, ws or wss://host:port, without user or query, a path only for ws and wss';

export const isTls = (scheme: Scheme): boolean => scheme === 'mqtts' || scheme === 'wss';
export const isWs = (scheme: Scheme): boolean => scheme === 'ws' || scheme === 'wss';

export const hostPort = ({ host, port }: Address): string =>
  `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
export const brokerUrl = (address: BrokerAddress): string =>
  `${address.scheme}://${hostPort(address)}${address.path}`;

/** A text says what was expected instead; `listens`: port 0 is any free one. */
export function parseBrokerUrl(text: string, listens = false): BrokerAddress | string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const scheme = url?.protocol.slice(0, -1) as Scheme;
  if (!url || !Object.hasOwn(PORTS, scheme)) return SUPPORTED;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const hasPath = !['', '/'].includes(url.pathname);
  const bare = url.username + url.password + url.search + url.hash === '' && (isWs(scheme) || !hasPath);
  if (!bare || !isHost(host) || (url.port === '0' && !listens)) return SUPPORTED;
  const path = isWs(scheme) ? (hasPath ? url.pathname : WS_PATH) : '';
  return { scheme, host, port: url.port === '' ? PORTS[scheme] : Number(url.port), path };
}

export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether nobody but this machine can get there; null for a name that must be looked up to know (RFC 6761 settles localhost). */
export function isLoopback(host: string): boolean | null {
  const family = isIP(host);
  if (family !== 0) return LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
  return /(^|\.)localhost\.?$/i.test(host) ? true : null;
}

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
