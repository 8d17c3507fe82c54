/** Who is at the other end, once that is proven; what each may do is decided in src/access. */

/** What a person or program may do, each including the one before: read; command; forget, enrol, give out tokens. */
export type PersonRole = 'viewer' | 'operator' | 'admin';

export type Principal =
  /** Nobody was asked who they are: authentication is off, which only loopback listeners may have. */
  | { readonly kind: 'anyone' }
  /** A child of this broker. A leaf speaks for itself, a relay for all below it too. */
  | { readonly kind: 'node'; readonly name: string; readonly is: 'leaf' | 'relay' }
  /** Holds a join token for this name and asks for its certificate; may do nothing else. */
  | { readonly kind: 'joining'; readonly name: string }
  /** Holds a named token for a subtree: `under` is a path of this broker, '' for all of it. */
  | {
      readonly kind: 'person';
      readonly name: string;
      readonly role: PersonRole;
      readonly under: string;
    };

/** What a caller shows of itself, by MQTT or REST. */
export interface Credentials {
  /** Of the socket's far end; what limits and the audit log go by. */
  readonly address: string;
  readonly username?: string;
  /** The MQTT password or the bearer token. */
  readonly secret?: string;
  /** Only of a client certificate that the TLS layer has verified against the authorities of this listener. */
  readonly certificate?: ShownCertificate;
}

export interface ShownCertificate {
  /** Names that it speaks for: the CN, then DNS names among the SANs. */
  readonly names: readonly string[];
  /** OU of its subject; ours say `leaf` or `relay`. */
  readonly unit: string;
  /** Milliseconds since the Unix epoch: its end. */
  readonly notAfter: number;
  /** Lower-case hex, without colons. */
  readonly serial: string;
  readonly fingerprint256: string;
}

/** Why a caller is nobody we know; `slow-down` where it has failed too often to be looked at now. */
export interface Denial {
  readonly code: 'bad-credentials' | 'expired-credentials' | 'revoked' | 'slow-down';
  readonly reason: string;
}

/** The seam for other ways to prove who one is, OIDC for one. Never rejects for what a caller has sent. */
export interface Authenticator {
  authenticate(shown: Credentials): Promise<Principal | Denial>;
}

export const isDenial = (answer: Principal | Denial): answer is Denial => 'code' in answer;
