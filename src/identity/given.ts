/** Whether a certificate that a parent has given is one to keep. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { CanopyError } from '../core/errors.js';

/** PEM all three: it is for our key, and by the authority that we know. @throws CanopyError `bad-identity-file` */
export function checkGiven(cert: string, ca: string, key: string): void {
  const given = new X509Certificate(cert);
  const ours = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const isOurs = given.publicKey.export({ type: 'spki', format: 'der' }).equals(ours);
  if (!isOurs || !given.verify(new X509Certificate(ca).publicKey))
    throw new CanopyError(
      'bad-identity-file',
      'expected a certificate for our own key by the authority that we know, found another one',
    );
}
