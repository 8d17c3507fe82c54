/** Whether a certificate that a parent has given is one to keep. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { CanopyError } from '../core/errors.js';

/** PEM all three: it is for our key, and by the authority that we know. @throws CanopyError `bad-identity-file` */
export function checkGiven(cert: string, ca: string, key: string): void {
  const given = read(cert);
  const ours = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const isOurs = given.publicKey.export({ type: 'spki', format: 'der' }).equals(ours);
  if (!isOurs || !given.verify(new X509Certificate(ca).publicKey))
    throw new CanopyError(
      'bad-identity-file',
      'expected a certificate for our own key by the authority that we know, found another one',
    );
}

function read(cert: string): X509Certificate {
  try {
    // Its key is read when it is asked for: one that can't be is as bad.
    const given = new X509Certificate(cert);
    void given.publicKey;
    return given;
  } catch {
    throw new CanopyError(
      'bad-identity-file',
      'expected a certificate in PEM, found something that cannot be read as one',
    );
  }
}
