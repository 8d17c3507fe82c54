import { createHash, X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { LinkError } from '../link.js';
import { hostOf, inTime, portOf, serverName } from './dial.js';
import { linkError } from './mqtt-errors.js';

/** Certificates that a server may show. */
const MOST = 10;

/**
 * The certificate (PEM) of the authority with this fingerprint (SHA-256 of its DER, hex) among those that a server shows. Nothing is
 * sent. That it stands for the server is for a connection that trusts it, and nothing else, to find out.
 * @throws LinkError certificate-untrusted where it shows none of that fingerprint; unreachable, no-tls
 */
export function shownAuthority(url: URL, fingerprint: string, deadlineMs = 10_000): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    // Not verified: nobody knows the authority yet, and nothing is told to whoever this is.
    const socket = connect({
      host: hostOf(url),
      port: portOf(url),
      servername: serverName(url),
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    });
    inTime(socket, 'secureConnect', url, deadlineMs);
    socket.once('error', error => reject(linkError(error, url.host, false)));
    socket.once('close', () => reject(new LinkError('unreachable', `${url.host} closed the connection`)));
    socket.once('secureConnect', () => {
      const found = chainOf(socket.getPeerCertificate(true)).find(der => sha256(der) === fingerprint);
      if (found) resolve(new X509Certificate(found).toString());
      else
        reject(
          new LinkError(
            'certificate-untrusted',
            `${url.host} shows no authority with the fingerprint ${fingerprint}`,
          ),
        );
      socket.destroy();
    });
  });
}

function chainOf(first: DetailedPeerCertificate): Buffer[] {
  const found: Buffer[] = [];
  let next: DetailedPeerCertificate | undefined = first;
  while (
    next?.raw &&
    found.length < MOST &&
    !found.some(der => der.equals((next as DetailedPeerCertificate).raw))
  ) {
    found.push(next.raw);
    next = next.issuerCertificate;
  }
  return found;
}

const sha256 = (der: Buffer): string => createHash('sha256').update(der).digest('hex');
