/** Who may come in, the claim to a name aside: what a CONNECT is answered with. Pure. */

import type { BrokerLimits } from '../limits.js';
import type { Message } from '../link.js';
import type { Identity, Known, Turned, Who } from '../rules.js';
import { isBridgeNotice, isRefusal, shown } from '../topics.js';
import type { Asked } from './asked.js';
import { type Judging, judge } from './judge.js';

/** CONNACK return codes of MQTT 3.1.1, table 3.1. */
export const CONNACK = { identifierRejected: 2, unavailable: 3, notAuthorized: 5 } as const;

export interface Caller extends Omit<Asked, 'will'> {
  /** It asks for a session (clean=false) that it does not have yet. */
  readonly newSession: boolean;
}

export interface House {
  readonly limits: BrokerLimits;
  /** Connected clients, this one aside. */
  readonly clients: number;
  /** Sessions kept, there or away. */
  readonly sessions: number;
}

/** Why a caller is not let in, whoever it is; null where it is. */
export function turnAway(house: House, { clientId, clean, keepalive, newSession }: Caller): Turned | null {
  const { limits } = house;
  if (house.clients >= limits.maxClients) {
    return turned(CONNACK.unavailable, 'too-many-clients', `there are ${limits.maxClients} clients already`);
  }
  if (newSession && house.sessions >= limits.maxSessions) {
    const reason = `${limits.maxSessions} sessions (clean=false) are kept already; connect with clean=true`;
    return turned(CONNACK.unavailable, 'too-many-sessions', reason);
  }
  if (keepalive === 0 || keepalive > limits.keepaliveLimit) {
    const reason = `a keepalive of 1 to ${limits.keepaliveLimit} seconds is asked for, not ${keepalive}`;
    return turned(CONNACK.notAuthorized, 'bad-keepalive', reason);
  }
  // MQTT-3.1.3-8: nobody could ever come back to it.
  if (clientId === '' && !clean) {
    return turned(CONNACK.identifierRejected, 'bad-client-id', 'a session (clean=false) needs a client id');
  }
  return null;
}

/** Why a will is not taken; null where it is, or is harmless. */
export function wrongWill(judging: Judging, who: Who, will: Message | null): Turned | null {
  if (!will || isBridgeNotice(will.topic)) return null;
  const verdict = judge(judging, who, will);
  return isRefusal(verdict) ? turned(CONNACK.notAuthorized, verdict.code, `will: ${verdict.reason}`) : null;
}

/**
 * The node that a recognised client is; null for anyone else. What its client id says must be what was proven; a node whose
 * client id says nothing, as that of a foreign bridge, is told from another one of its name by all of it.
 */
export function identityOf(
  claimed: Identity | null,
  { node }: Known,
  clientId: string,
): Identity | null | Turned {
  if (claimed && claimed.name !== node) {
    const reason = `the client id ${shown(clientId)} is that of the node ${claimed.name}, and this is ${node === null ? 'no node' : `the node ${node}`}`;
    return turned(CONNACK.identifierRejected, 'wrong-name', reason);
  }
  return claimed ?? (node === null ? null : { name: node, instance: clientId });
}

export const turned = (returnCode: Turned['returnCode'], code: string, reason: string): Turned => ({
  returnCode,
  code,
  reason,
});
