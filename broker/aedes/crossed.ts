import type { Report } from '../entry/report.js';
import type { PrivateAedes, PrivateClient } from './aedes-private.js';

/** Limits that aedes keeps by itself, by the beginning of what it says of it. */
const KEPT: readonly [message: string, code: string, reason: string][] = [
  ['connect did not arrive in time', 'connect-timeout', 'disconnected: no CONNECT in time'],
  [
    'maxInflightInbound exceeded',
    'too-many-inflight',
    'disconnected: too many QoS 2 messages without a PUBREL',
  ],
  ['Client queue limit reached', 'too-fast', 'disconnected: too much sent before the CONNACK'],
  ['drain timeout', 'slow-subscriber', 'disconnected: it does not read'],
];

/** Has what aedes ends a connection for reported as everything else is. */
export function tellCrossed(aedes: PrivateAedes, report: Report): void {
  const tell = (client: object, error: Error): void => {
    const found = KEPT.find(([message]) => error.message.startsWith(message));
    if (found) report({ code: found[1], reason: found[2] }, client as PrivateClient);
  };
  aedes.on('clientError', tell);
  aedes.on('connectionError', tell);
}
