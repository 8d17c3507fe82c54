/** Proves who is at the other end, by this node's own files; and says when somebody who was let in is to be let go. */
import type { Clock } from '../core/clock.js';
import type { CanopyError } from '../core/errors.js';
import {
  type Authenticator,
  type Credentials,
  type Denial,
  isDenial,
  type Principal,
  type ShownCertificate,
} from '../core/principal.js';
import { AccessStore, endOf } from './access-store.js';
import { nodeOf, plainHex } from './certificates.js';
import { type Claim, claimOf, ended, principalOf, recordOf } from './claims.js';
import { IssuedCertificates } from './issued-certificates.js';
import { Prover, WRONG } from './prover.js';

export interface AuthenticatorOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  /** The listener takes client certificates of an authority other than ours (`tls_ca`). */
  readonly foreign: boolean;
  /** Told, once for each, of a file that changed and can't be read: to be said loudly. */
  readonly report: (error: CanopyError) => void;
}

/** What somebody was let in by: looked up again when a file has changed. */
type Proof =
  | { readonly claim: Omit<Claim, 'secret'>; readonly hash: string }
  | { readonly shown: Pick<Credentials, 'certificate' | 'username'> };

/** Milliseconds between two looks at the files and the clock. */
const LOOK_MS = 500;
const NOTHING: Denial = {
  code: 'bad-credentials',
  reason: 'expected a token, the name and secret of a node, or a client certificate, found none',
};

export class LocalAuthenticator implements Authenticator {
  readonly access: AccessStore;
  readonly issued: IssuedCertificates;
  private readonly prover: Prover;
  private readonly proofs = new WeakMap<Principal, Proof>();
  private readonly listeners = new Set<() => void>();
  private seen: readonly unknown[] = [];
  private nextEnd = Number.POSITIVE_INFINITY;
  /** When certificates of other authorities end by which somebody was let in; as many as that authority gives out. */
  private readonly foreignEnds = new Set<number>();
  private timer: NodeJS.Timeout | null = null;

  private constructor(private readonly options: AuthenticatorOptions) {
    const { dataDir, clock, report } = options;
    this.access = new AccessStore(dataDir, clock, report);
    this.issued = new IssuedCertificates(dataDir, clock, report);
    this.prover = new Prover(clock);
  }

  /**
   * Reads the files; a missing one lets nobody in.
   * @throws CanopyError `loose-permissions` or `bad-identity-file`: at a start there is no last good one to go by
   */
  static open(options: AuthenticatorOptions): LocalAuthenticator {
    const it = new LocalAuthenticator(options);
    it.access.kept.open();
    it.issued.kept.open();
    it.note();
    return it;
  }

  /** From now on changes and ends are noticed, within about half a second. */
  start(): void {
    this.timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  close(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.listeners.clear();
  }

  /**
   * Called when somebody may have lost their standing: then `refusal` says of each who was let in whether that is so.
   * Returns what ends it.
   */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  look(): void {
    this.access.kept.look();
    this.issued.kept.look();
    const changed = this.seen[0] !== this.access.current || this.seen[1] !== this.issued.kept.current;
    if (!changed && this.nextEnd > this.options.clock.now()) return;
    this.note();
    for (const listener of this.listeners) listener();
  }

  async authenticate(shown: Credentials): Promise<Principal | Denial> {
    this.look(); // so that what another process has given out or taken back counts at once
    const claim = claimOf(shown);
    if (claim) return this.bySecret(claim, shown.address);
    return shown.certificate ? this.byCertificate(shown) : NOTHING;
  }

  /** Why somebody who was let in is to be let go; null while they may stay. `who` as `authenticate` gave it. */
  refusal(who: Principal): Denial | null {
    const proof = this.proofs.get(who);
    if (!proof) return null; // nobody asked who that is
    if ('shown' in proof) {
      const answer = this.lookUp(proof.shown);
      if (isDenial(answer)) return answer;
      const same =
        answer.kind === 'node' && who.kind === 'node' && answer.name === who.name && answer.is === who.is;
      return same ? null : WRONG;
    }
    const record = recordOf(this.access.current, proof.claim);
    if (record?.hash !== proof.hash)
      return { code: 'revoked', reason: 'what it was let in by is there no more' };
    return ended(record, this.options.clock.now());
  }

  /**
   * What it was let in by: a certificate of ours, one of another authority, or a secret with the id (of a token) or name that
   * it goes by; null where nobody asked.
   */
  provenBy(who: Principal): 'certificate' | 'foreign' | { readonly key: string } | null {
    const proof = this.proofs.get(who);
    if (!proof) return null;
    if (!('shown' in proof)) return { key: proof.claim.key };
    return this.isOurs(proof.shown.certificate) ? 'certificate' : 'foreign';
  }

  private byCertificate(shown: Credentials): Principal | Denial {
    const answer = this.lookUp(shown);
    const { certificate, username } = shown;
    if (isDenial(answer) || !certificate) return answer;
    this.proofs.set(answer, { shown: { certificate, ...(username !== undefined && { username }) } });
    if (!this.isOurs(certificate)) this.foreignEnds.add(certificate.notAfter);
    this.nextEnd = Math.min(this.nextEnd, certificate.notAfter);
    return answer;
  }

  private isOurs(certificate: ShownCertificate | undefined): boolean {
    return this.issued.byFingerprint.has(plainHex(certificate?.fingerprint256 ?? ''));
  }

  private lookUp({
    certificate,
    username,
  }: Pick<Credentials, 'certificate' | 'username'>): Principal | Denial {
    if (!certificate) return NOTHING;
    const trust = { issued: this.issued.byFingerprint, foreign: this.options.foreign };
    return nodeOf(certificate, trust, this.options.clock.now(), username);
  }

  private async bySecret(claim: Claim, address: string): Promise<Principal | Denial> {
    const hash = recordOf(this.access.current, claim)?.hash;
    const unproven = await this.prover.prove(claim, hash, address);
    if (unproven) return unproven;
    // Read anew: it may have been taken back while the hash was worked out.
    const record = recordOf(this.access.current, claim);
    if (!record || record.hash !== hash) return WRONG;
    const denial = ended(record, this.options.clock.now());
    if (denial) return denial;
    const who = principalOf(record);
    this.proofs.set(who, { claim: { list: claim.list, key: claim.key }, hash });
    return who;
  }

  private note(): void {
    const { tokens, nodes, joins } = this.access.current;
    this.seen = [this.access.current, this.issued.kept.current];
    const ends = [
      ...[...tokens, ...nodes, ...joins].map(endOf),
      ...this.issued.kept.current.map(it => it.notAfter),
      ...this.foreignEnds,
    ];
    const now = this.options.clock.now();
    for (const end of this.foreignEnds) if (end <= now) this.foreignEnds.delete(end);
    this.nextEnd = ends.reduce(
      (least, end) => (end > now && end < least ? end : least),
      Number.POSITIVE_INFINITY,
    );
  }
}
