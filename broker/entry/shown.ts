/** What a client shows of itself, from its CONNECT and its socket. */
import type { Socket } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import type { Certificate, Shown } from '../rules.js';

/** Of TLS, or of what carries MQTT over it; told by what it has, since the one over WebSockets is no TLSSocket. */
interface Secured {
  readonly authorized: boolean;
  getPeerCertificate(): PeerCertificate;
}

/** `address`, where the listener knows better than the connection that it made of a socket. */
export function shownBy(
  clientId: string,
  connection: Socket,
  username: string | undefined,
  password: Buffer | undefined,
): Shown {
  const certificate = certificateOf(connection);
  return {
    clientId,
    address: connection.remoteAddress ?? '',
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: password.toString('utf8') }),
    ...(certificate && { certificate }),
  };
}

/** Only what the TLS layer has verified; null for none, and over plain TCP. */
export function certificateOf(connection: Socket | Secured): Certificate | null {
  if (!('getPeerCertificate' in connection) || connection.authorized !== true) return null;
  const shown = connection.getPeerCertificate();
  if (!shown?.subject) return null;
  const { subject, subjectaltname = '', serialNumber, fingerprint256, valid_to } = shown;
  const names = [...all(subject.CN), ...subjectaltname.split(', ').flatMap(dnsName)];
  return {
    names: [...new Set(names)],
    unit: all(subject.OU)[0] ?? '',
    notAfter: Date.parse(valid_to) || 0,
    serial: serialNumber.toLowerCase(),
    fingerprint256: fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}

/** Node gives a list where a subject has several. */
const all = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** What Node had to quote is no name of ours, and might be made to look like one. */
const dnsName = (text: string): string[] => {
  const [, name] = /^DNS:([A-Za-z0-9._-]+)$/.exec(text) ?? [];
  return name === undefined ? [] : [name];
};
