/** When a certificate ends, and when it is to be renewed. */
import type { X509Certificate } from 'node:crypto';

const DAY_MS = 24 * 3600 * 1000;
/** Before now, for clocks that go behind. */
const BACK_MS = 3600 * 1000;
/** Of its life, after which a certificate is to be renewed: during the last third both are good. */
const RENEWED_AFTER = 2 / 3;

/** Milliseconds since the Unix epoch. */
export const endOfCertificate = (it: X509Certificate): number => Date.parse(it.validTo);

/** Milliseconds since the Unix epoch from which on a new one is to be asked for. */
export function renewalOf(it: X509Certificate): number {
  const from = Date.parse(it.validFrom);
  return from + (endOfCertificate(it) - from) * RENEWED_AFTER;
}

/** `now`: milliseconds since the Unix epoch. Certificates count whole seconds. */
export function lifeFrom(
  now: number,
  days: number,
): { readonly notBefore: number; readonly notAfter: number } {
  const second = Math.floor(now / 1000) * 1000;
  return { notBefore: second - BACK_MS, notAfter: second + days * DAY_MS };
}
