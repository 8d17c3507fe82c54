/** What certificates of ours say: when they end, when they are to be renewed, for which hosts they are. */
import { X509Certificate } from 'node:crypto';

const DAY_MS = 24 * 3600 * 1000;
/** Before now, for clocks that go behind. */
export const BACK_MS = 3600 * 1000;
/** Of its life, after which a certificate is to be renewed: during the last third both are good. */
const RENEWED_AFTER = 2 / 3;

export interface ServerFiles {
  /** PEM: the certificate, then that of the CA. */
  readonly cert: string;
  readonly key: string;
  readonly notAfter: number;
  /** Milliseconds since the Unix epoch. */
  readonly renewAt: number;
}
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

/** DNS names and addresses of one (PEM) that we have issued ourselves: its names hold no commas. */
export const hostsOf = (cert: string): string[] =>
  (new X509Certificate(cert).subjectAltName ?? '')
    .split(', ')
    .flatMap(entry => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? [])
    .map(host => (host.includes(':') ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host));
