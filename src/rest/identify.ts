/** Who asks: by a bearer token (RFC 6750), or by the cookie of a login. */
import type { FastifyRequest } from 'fastify';
import { type Authenticator, type Denial, isDenial, type Principal } from '../core/principal.js';
import type { Caller } from './caller.js';
import { type Sessions, sessionId } from './sessions.js';

/** Why one is not let in; `isShown`: something was shown, and it was not right. */
export interface Challenge {
  readonly code: Denial['code'] | 'unauthenticated';
  readonly message: string;
  readonly isShown: boolean;
}
export type Identified = Caller | Challenge;
export const isChallenge = (who: Identified): who is Challenge => 'code' in who;

export interface IdentifyPorts {
  readonly authenticator: Authenticator | null;
  readonly sessions: Sessions;
}

export async function whoIs(
  { authenticator, sessions }: IdentifyPorts,
  { headers }: Pick<FastifyRequest, 'headers'>,
  address: string,
  encrypted: boolean,
): Promise<Identified> {
  if (authenticator === null)
    return { principal: { kind: 'anyone' }, address, session: null, isStillKnown: async () => true };
  const bearer = headers.authorization === undefined ? null : bearerOf(headers.authorization);
  // Who shows a token is asked about that: a page of another site can't, so that no cookie is needed against it.
  const session = headers.authorization === undefined ? sessionId(headers.cookie, encrypted) : null;
  const secret = bearer ?? (session && sessions.tokenOf(session));
  if (secret === null) {
    const isShown = session !== null || headers.authorization !== undefined;
    return { code: 'unauthenticated', message: NEEDED, isShown };
  }
  const ask = () => personOf(authenticator, address, secret);
  const principal = await ask();
  if (isDenial(principal)) return { code: principal.code, message: principal.reason, isShown: true };
  return { principal, address, session, isStillKnown: async () => !isDenial(await ask()) };
}

const NEEDED = 'expected Authorization: Bearer with a token, or the cookie of a login that has not ended';

/** Nodes show themselves by MQTT; a token of theirs, if one looked like it, is none here. */
export async function personOf(
  authenticator: Authenticator,
  address: string,
  secret: string,
): Promise<Principal | Denial> {
  const answer = await authenticator.authenticate({ address, secret });
  if (isDenial(answer) || answer.kind === 'person') return answer;
  return { code: 'bad-credentials', reason: 'expected the token of a person or program' };
}

/** Null for another scheme, or more than a token may be. */
const bearerOf = (header: string): string | null =>
  /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header)?.[1] ?? null;
