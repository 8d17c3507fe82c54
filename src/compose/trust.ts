/** How a node knows its parent, and proves to it who it is: by files of its own, read again at every attempt to connect. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinkError } from '../../broker/link.js';
import type { MqttLinkOptions } from '../../broker/mqtt-link.js';
import type { NodeSettings } from '../config/settings.js';
import { endOfCertificate } from '../identity/certificate-facts.js';
import { readPrivate } from '../identity/private-files.js';

/** Where in the data directory of a child that has joined. */
export const UPLINK_DIR = 'uplink';

export interface UplinkFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly secret: string | null;
}

/** Those that settings name, else those that `canopy join` has made. A node that has a secret shows no certificate. */
export function uplinkFiles({ dataDir, security }: Pick<NodeSettings, 'dataDir' | 'security'>): UplinkFiles {
  const own = (name: string): string | null => {
    const file = join(dataDir, UPLINK_DIR, name);
    return existsSync(file) ? file : null;
  };
  const { parentCa, uplinkCert, uplinkKey, secretFile } = security;
  const isProven = secretFile !== null;
  return {
    ca: parentCa ?? own('ca.crt'),
    cert: uplinkCert ?? (isProven ? null : own('node.crt')),
    key: uplinkKey ?? (isProven ? null : own('node.key')),
    secret: secretFile,
  };
}

/** Whoever knows an authority of its parent speaks to it by TLS alone, whatever the address says: no way down to plain text. */
export const safeUrl = (parentUrl: string, { ca }: UplinkFiles): string =>
  ca === null ? parentUrl : parentUrl.replace(/^(mqtt|ws):/, '$1s:');

/** For a link. Throws at once, as a link would at every attempt, where the secret can't be read. */
export function proofs(name: string, files: UplinkFiles): Pick<MqttLinkOptions, 'trust' | 'login'> {
  const { ca, cert, key, secret } = files;
  return {
    trust: () => ({
      ...(ca !== null && { ca: readFileSync(ca, 'utf8') }),
      ...(cert !== null &&
        key !== null && { cert: valid(cert, readFileSync(cert, 'utf8')), key: readPrivate(key) }),
    }),
    ...(secret !== null && { login: () => ({ username: name, password: readPrivate(secret).trim() }) }),
  };
}

/** The parent would only close the connection. */
function valid(file: string, text: string): string {
  const end = endOfCertificate(new X509Certificate(text));
  if (end > Date.now()) return text;
  throw new LinkError(
    'certificate-expired',
    `our own certificate ended at ${new Date(end).toISOString()}: ${file}`,
  );
}
