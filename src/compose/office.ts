/** Who gives out tokens and join tokens at a node that asks who one is. */
import { Office } from '../identity/office.js';
import type { NodeContainer } from './container.js';
import { IDENTITY, PKI } from './identity.js';
import { BROKER, CLOCK, SETTINGS } from './tokens.js';

/** Null where nobody is asked: a token would be good for nothing. */
export function officeOf(node: NodeContainer): Office | null {
  const identity = node.get(IDENTITY);
  if (identity === null) return null;
  const { name, auth, tls, host, security } = node.get(SETTINGS);
  const { port } = node.get(BROKER).address;
  return new Office({
    name,
    access: identity.access,
    pki: node.get(PKI),
    clock: node.get(CLOCK),
    listening: { auth, tls, host, port, listen: security.listen },
    ownCert: security.cert,
  });
}
