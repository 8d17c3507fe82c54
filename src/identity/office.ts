/** Gives out what lets others in, for REST and the command line alike. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import type { TokenRecord } from './access-file.js';
import type { AccessStore, NewToken } from './access-store.js';
import { plainHex } from './certificates.js';
import { certifiedHosts, thisMachine } from './hosts.js';
import { type JoinToken, printJoinToken } from './join-token.js';
import { joinUrl, type Listening, lacking, listenersOf } from './join-url.js';
import type { Pki } from './pki.js';

export interface OfficeOptions {
  /** Of the node. */
  readonly name: string;
  readonly access: AccessStore;
  readonly pki: Pki;
  readonly clock: Clock;
  readonly listening: Listening;
  /** `tls_cert`: a chain that is not ours, null where it is. */
  readonly ownCert: string | null;
}

export interface Enrolment {
  readonly name: string;
  readonly is: 'leaf' | 'relay';
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** As the child reaches this broker; left out, one that is fit is taken. */
  readonly url?: string;
}

export type TokenView = Omit<TokenRecord, 'hash'>;

export class Office {
  constructor(private readonly options: OfficeOptions) {}

  /** Without their hashes; those that ended up to thirty days ago as well. */
  async tokens(): Promise<readonly TokenView[]> {
    return this.options.access.kept.open().current.tokens.map(withoutHash);
  }

  /** @throws CanopyError `name-in-use`, `bad-argument` */
  async createToken(wanted: NewToken): Promise<{ text: string; token: TokenView }> {
    const { text, record } = await this.options.access.createToken(wanted);
    return { text, token: withoutHash(record) };
  }

  /** @throws CanopyError `no-such-credential` */
  async revokeToken(id: string): Promise<void> {
    await this.options.access.revokeToken(id, 'id');
  }

  /** The text of a join token. @throws CanopyError `no-tls-listener`, `bad-argument` */
  async enrol(wanted: Enrolment): Promise<string> {
    return printJoinToken(await this.joinToken(wanted));
  }

  /** Makes the CA and the certificate of the listeners where they are missing. @throws as `enrol` */
  async joinToken({ name, is, expiresAt, url = this.url() }: Enrolment): Promise<JoinToken> {
    const { access, ownCert } = this.options;
    if (!URL.canParse(url) || !['mqtts:', 'wss:'].includes(new URL(url).protocol))
      throw new CanopyError(
        'bad-argument',
        `url: expected mqtts://host:port or wss://host:port, found ${JSON.stringify(url.slice(0, 200))}`,
      );
    const own = await this.prepare([new URL(url).hostname]);
    const ca = ownCert === null ? own : lastOf(ownCert);
    const { secret } = await access.createJoin({ name, is, expiresAt });
    return { url, ca, name, kind: is, secret, exp: expiresAt };
  }

  /** The CA, and a certificate of the listeners that covers these hosts too. Returns the fingerprint of the CA. */
  async prepare(hosts: readonly string[] = []): Promise<string> {
    const { name, pki, ownCert } = this.options;
    if (!pki.hasCa) await pki.init(name);
    if (ownCert === null) await pki.ensureServer(this.hosts(hosts));
    return pki.ca().fingerprint256;
  }

  /** What the certificate of the listeners covers. */
  hosts(more: readonly string[] = []): string[] {
    return certifiedHosts([...listenersOf(this.options.listening).map(it => it.host), ...more]);
  }

  private url(): string {
    const found = joinUrl(this.options.listening, thisMachine().hostName);
    if (found !== null) return found;
    const missing = lacking(this.options.listening);
    throw new CanopyError(
      'no-tls-listener',
      `expected a TLS listener of a known port, or the URL of one, found none; set ${missing.join(', ') || 'the port'}`,
    );
  }
}

const withoutHash = ({ hash: _, ...rest }: TokenRecord): TokenView => rest;

/** The fingerprint of the last certificate of a chain. */
function lastOf(file: string): string {
  const all = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  const last = all?.at(-1);
  if (last === undefined)
    throw new CanopyError('bad-identity-file', `${file}: expected certificates in PEM, found none`);
  return plainHex(new X509Certificate(last).fingerprint256);
}
