/** A child gets its certificate: once by a join token that it holds, and new ones while it has proven by one who it is. */
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import type { Principal } from '../core/principal.js';
import type { AccessStore } from './access-store.js';
import type { LocalAuthenticator } from './authenticator.js';
import type { Certificate, Pki } from './pki.js';

export type Asking = Extract<Principal, { kind: 'joining' | 'node' }>;

/** Milliseconds between two certificates that one node asks for in one way: signing is work, and each is written down. */
const PAUSE_MS = 5000;
/** Certificates of one name: each is renewed when weeks are over, and all are listed until a month after their end. */
const MOST_A_DAY = 5;
const DAY_MS = 24 * 3600 * 1000;

export class Enrolment {
  /** When each last asked in which way, monotonic; they are names of children who have proven them. */
  private readonly asked = new Map<string, number>();

  constructor(
    private readonly identity: LocalAuthenticator,
    private readonly pki: Pki,
    private readonly clock: Clock,
  ) {}

  /**
   * `who` as the authenticator gave it.
   * @throws CanopyError with the code of a denial for who is let in no more; `not-authorized` for who was let in by a secret,
   * `slow-down`, `bad-csr`, `no-ca`
   */
  async certificateFor(who: Asking, csr: string): Promise<Certificate> {
    this.stands(who);
    const proof = this.identity.provenBy(who);
    const isNode = who.kind === 'node';
    if (isNode ? proof !== 'certificate' : proof === null || typeof proof === 'string')
      throw new CanopyError('not-authorized', proof === 'foreign' ? NOT_OURS : ONLY_BY_CERTIFICATE);
    this.pause(who);
    if (isNode) return this.renewed(who, csr);
    const { key: id } = proof as { key: string };
    return admit(this.identity.access, this.pki, { name: who.name, id }, csr);
  }

  private async renewed(who: Asking & { kind: 'node' }, csr: string): Promise<Certificate> {
    if (this.identity.issued.givenWithin(who.name, DAY_MS) >= MOST_A_DAY)
      throw new CanopyError('slow-down', `${who.name} was given ${MOST_A_DAY} certificates within a day`);
    const made = await this.pki.issue({ name: who.name, is: who.is, csr });
    try {
      this.stands(who);
    } catch (error) {
      // It was revoked while this one was made, and so before this one stood in the list.
      await this.pki.revoke(made.issued.serial);
      throw error;
    }
    return made;
  }

  private stands(who: Asking): void {
    this.identity.look();
    const refused = this.identity.refusal(who);
    if (refused) throw new CanopyError(refused.code, refused.reason);
  }

  private pause({ kind, name }: Asking): void {
    const [key, now] = [`${kind} ${name}`, this.clock.mono()];
    if (now - (this.asked.get(key) ?? Number.NEGATIVE_INFINITY) < PAUSE_MS)
      throw new CanopyError(
        'slow-down',
        `${name} was given a certificate less than ${PAUSE_MS / 1000} s ago`,
      );
    this.asked.set(key, now);
  }
}

const NOT_OURS =
  'expected a certificate that this node has issued, found one of another authority: it is renewed there';
/** Else who has a secret would have something that outlives it. */
const ONLY_BY_CERTIFICATE =
  'expected a connection by the certificate that is to be renewed, or by a join token, found one by a secret';

/**
 * `name`: of the principal that is `joining`; `id`: of the join token that it has shown. A request that is not sound spends
 * nothing; the token is spent before the certificate is made, so that of two who hold it one gets none.
 * @throws CanopyError `bad-csr`, `file-full`, `revoked` where the token is spent, revoked or expired, `no-ca`
 */
export async function admit(
  store: AccessStore,
  pki: Pki,
  { name, id }: { name: string; id: string },
  csr: string,
): Promise<Certificate> {
  pki.ca();
  await pki.checkRequest(csr);
  const record = await store.spendJoin(id);
  if (!record)
    throw new CanopyError('revoked', `the join token of ${name} was used, revoked, or has expired`);
  return pki.issue({ name, is: record.is, csr });
}
