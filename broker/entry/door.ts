/** Who may come in, the claim to a name aside: what a CONNECT is answered with. Pure. */

import type { BrokerLimits } from '../limits.js';
import type { Message } from '../link.js';
import type { Identity, Refusal, TopicRules } from '../rules.js';
import { isBridgeNotice, isRefusal } from '../topics.js';
import { judge } from './judge.js';

/** CONNACK return codes of MQTT 3.1.1, table 3.1. */
export const CONNACK = { identifierRejected: 2, unavailable: 3, notAuthorized: 5 } as const;

export interface Caller {
  readonly identity: Identity | null;
  /** Seconds; 0 = never. */
  readonly keepalive: number;
  readonly will: Message | null;
  /** It asks for a session (clean=false) that it does not have yet. */
  readonly newSession: boolean;
}

export interface House {
  readonly rules: TopicRules;
  readonly limits: BrokerLimits;
  /** Connected clients, this one aside. */
  readonly clients: number;
  /** Sessions kept, there or away. */
  readonly sessions: number;
}

export interface Turned extends Refusal {
  readonly returnCode: number;
}

/** Why a caller is not let in; null where it is. */
export function turnAway(house: House, { identity, keepalive, will, newSession }: Caller): Turned | null {
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
  if (will && !isBridgeNotice(will.topic)) {
    const verdict = judge(house.rules, limits, identity, will);
    if (isRefusal(verdict)) return turned(CONNACK.notAuthorized, verdict.code, `will: ${verdict.reason}`);
  }
  return null;
}

const turned = (returnCode: number, code: string, reason: string): Turned => ({ returnCode, code, reason });
