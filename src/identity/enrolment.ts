/** A child that holds a join token gets its certificate: once. */
import { CanopyError } from '../core/errors.js';
import type { AccessStore } from './access-store.js';
import type { Certificate, Pki } from './pki.js';

/**
 * `name`: of the principal that is `joining`. A request that is not sound spends nothing; the token is spent before the
 * certificate is made, so that of two who hold it one gets none.
 * @throws CanopyError `bad-csr`, `revoked` where the token is spent, revoked or expired, `no-ca`
 */
export async function admit(store: AccessStore, pki: Pki, name: string, csr: string): Promise<Certificate> {
  pki.ca();
  await pki.checkRequest(csr);
  const record = await store.spendJoin(name);
  if (!record)
    throw new CanopyError('revoked', `the join token of ${name} was used, revoked, or has expired`);
  return pki.issue({ name, is: record.is, csr });
}
