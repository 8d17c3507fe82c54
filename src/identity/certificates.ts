/** Whom a client certificate stands for. That it was signed by an authority of the listener, TLS has seen to. Pure. */
import { isName } from '../core/names.js';
import type { Credentials, Denial, Principal, ShownCertificate } from '../core/principal.js';
import { at } from './claims.js';
import type { Issued } from './issued.js';

export interface Trust {
  /** By fingerprint. */
  readonly issued: ReadonlyMap<string, Issued>;
  /** The listener also takes certificates of an authority that is not ours: those count by the names in them. */
  readonly foreign: boolean;
}

/** Fingerprints as they are kept: lower-case hex without colons. */
export const plainHex = (text: string): string => text.replaceAll(':', '').toLowerCase();

/** `now`: milliseconds since the Unix epoch. */
export function nodeOf(
  certificate: ShownCertificate,
  { issued, foreign }: Trust,
  now: number,
  username?: Credentials['username'],
): Principal | Denial {
  const ours = issued.get(plainHex(certificate.fingerprint256));
  if (ours) return ofOurs(ours, now);
  if (!foreign)
    return denied('this certificate is not among those that this node has issued: it needs a new one');
  return ofForeign(certificate, now, username);
}

/** What was written down when it was issued counts. */
function ofOurs({ name, unit, notBefore, notAfter, revokedAt }: Issued, now: number): Principal | Denial {
  if (unit === 'server') return denied('this certificate is one of a listener, and none of a node');
  if (revokedAt !== undefined)
    return { code: 'revoked', reason: `this certificate of ${name} was revoked at ${at(revokedAt)}` };
  if (now >= notAfter || now < notBefore)
    return {
      code: 'expired-credentials',
      reason: `this certificate of ${name} is good from ${at(notBefore)} to ${at(notAfter)}, not now`,
    };
  return { kind: 'node', name, is: unit };
}

function ofForeign(
  { names, unit, notAfter }: ShownCertificate,
  now: number,
  username: string | undefined,
): Principal | Denial {
  // TLS has seen to it when the connection began, which may be long ago.
  if (now >= notAfter)
    return { code: 'expired-credentials', reason: `this certificate was good until ${at(notAfter)}` };
  const legal = names.filter(isName);
  const name = username !== undefined && legal.includes(username) ? username : legal[0];
  if (name === undefined)
    return denied('expected a name of a node as CN or DNS name of the certificate, found none');
  if (!['', 'leaf', 'relay'].includes(unit))
    return denied(
      `expected leaf, relay or none as OU of the certificate, found ${JSON.stringify(unit.slice(0, 64))}`,
    );
  return { kind: 'node', name, is: unit === 'leaf' ? 'leaf' : 'relay' };
}

const denied = (reason: string): Denial => ({ code: 'bad-credentials', reason });
