/** Where a child will find this broker, and what is missing for it to come in. Pure. */
import { type BrokerAddress, brokerUrl, isLoopback, isTls, isWildcard } from '../config/address.js';

/** How a broker listens, as it is set. */
export interface Listening {
  readonly auth: 'none' | 'required';
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly listen: readonly BrokerAddress[];
}

/** All of them, the one of host and port first. */
export const listenersOf = ({ tls, host, port, listen }: Listening): BrokerAddress[] => [
  { scheme: tls ? 'mqtts' : 'mqtt', host, port, path: '' },
  ...listen,
];

/** Of a TLS listener that other machines reach, else of one that this one does; null where there is none, or its port is not known. */
export function joinUrl(listening: Listening, hostName: string): string | null {
  const usable = listenersOf(listening).filter(it => isTls(it.scheme) && it.port !== 0);
  const found = usable.find(it => isLoopback(it.host) !== true) ?? usable[0];
  return found ? brokerUrl({ ...found, host: isWildcard(found.host) ? hostName : found.host }) : null;
}

/** The settings that are missing for children on other machines, each with what it is for. */
export function lacking(listening: Listening): string[] {
  const secure = listenersOf(listening).filter(it => isTls(it.scheme));
  return [
    ...(listening.auth === 'required' ? [] : ['CANOPY_AUTH=required (now nobody is asked who they are)']),
    ...(secure.length > 0 ? [] : ['CANOPY_TLS=true (there is no TLS listener that a child could join by)']),
    ...(secure.some(it => isLoopback(it.host) !== true)
      ? []
      : ['CANOPY_HOST=0.0.0.0 (no TLS listener is reached from other machines)']),
  ];
}
