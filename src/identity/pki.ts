/** A node's own certificate authority, for its listeners and its direct children. Keys never leave their files. */
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import { nameProblem } from '../core/names.js';
import { endOfCertificate, hostsOf, lifeFrom, renewalOf, type ServerFiles } from './certificate-facts.js';
import { plainHex } from './certificates.js';
import type { Issued } from './issued.js';
import { IssuedCertificates, PKI } from './issued-certificates.js';
import { locked } from './lock.js';
import { readPrivate, writePrivate } from './private-files.js';
import type { Authority, Signed, Subject } from './x509.js';

const CA_DAYS = 3652;
export const NODE_DAYS = 90;
/** No node can have this name. */
const LISTENER = 'canopy listener';
const MOST_HOSTS = 100;
/** Bytes at most that one certificate takes in the list. */
const LARGEST_ENTRY = 4096;

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly ca: string;
  readonly issued: Issued;
}
export interface NewCertificate {
  readonly name: string;
  readonly is: 'leaf' | 'relay';
  /** PEM. */
  readonly csr: string;
  readonly days?: number;
}

/** `issued`: that of the authenticator, where one is open on the same directory. */
export const openPki = (dataDir: string, clock: Clock, issued?: IssuedCertificates): Pki =>
  new Pki(join(dataDir, PKI), clock, issued ?? new IssuedCertificates(dataDir, clock));

export class Pki {
  constructor(
    readonly dir: string,
    private readonly clock: Clock,
    private readonly issued: IssuedCertificates,
  ) {}

  get hasCa(): boolean {
    return existsSync(this.file('ca.key')) && existsSync(this.file('ca.crt'));
  }

  /** @throws CanopyError `no-ca`; `loose-permissions` */
  ca(): { cert: string; fingerprint256: string } {
    const { cert } = this.authority();
    return { cert, fingerprint256: plainHex(new X509Certificate(cert).fingerprint256) };
  }

  /** Good for ten years. `name`: of the node. @throws CanopyError `ca-exists` */
  async init(name: string): Promise<{ cert: string; fingerprint256: string }> {
    const x509 = await import('./x509.js');
    await locked(this.file('ca'), async () => {
      if (existsSync(this.file('ca.key')) || existsSync(this.file('ca.crt')))
        throw new CanopyError(
          'ca-exists',
          `${this.dir} has a CA: another one would make all it has issued worthless`,
        );
      const key = x509.newKey();
      const made = await x509.selfSign(`canopy ${name} CA`, key, lifeFrom(this.clock.now(), CA_DAYS));
      writePrivate(this.file('ca.key'), key);
      writePrivate(this.file('ca.crt'), made.pem);
    });
    return this.ca();
  }

  /** Null where there is none. */
  server(): ServerFiles | null {
    if (!existsSync(this.file('server.crt')) || !existsSync(this.file('server.key'))) return null;
    const [cert, key] = [readPrivate(this.file('server.crt')), readPrivate(this.file('server.key'))];
    const read = new X509Certificate(cert);
    return { cert, key, notAfter: endOfCertificate(read), renewAt: renewalOf(read) };
  }

  /**
   * Issues a server certificate where there is none, where it does not cover these hosts, is of another CA, or is past two thirds
   * of its life. The key stays. Returns whether it did.
   */
  async ensureServer(hosts: readonly string[], days = NODE_DAYS): Promise<boolean> {
    const served = this.server();
    if (served && this.covers(served, hosts)) return false;
    await this.issueServer(hosts, days);
    return true;
  }

  async issueServer(hosts: readonly string[], days = NODE_DAYS): Promise<Issued> {
    const x509 = await import('./x509.js');
    return locked(this.file('ca'), async () => {
      const hasKey = existsSync(this.file('server.key'));
      const key = hasKey ? readPrivate(this.file('server.key')) : x509.newKey();
      if (!hasKey) writePrivate(this.file('server.key'), key);
      const served = this.server();
      // Names that somebody once asked for are not lost by a renewal.
      const all = [...new Set([...hosts, ...(served ? hostsOf(served.cert) : [])])].slice(0, MOST_HOSTS);
      const made = await this.sign(
        x509.publicKeyOf(key),
        { name: LISTENER, unit: 'server', hosts: all },
        days,
      );
      writePrivate(this.file('server.crt'), `${made.cert}${made.ca}`);
      return made.issued;
    });
  }

  /**
   * For a node that shows by `csr` that it holds a key; name and kind are those given here, whatever it asks for.
   * @throws CanopyError `bad-csr`, `bad-path` for a name that is none, `no-ca`
   */
  async issue({ name, is, csr, days = NODE_DAYS }: NewCertificate): Promise<Certificate> {
    const problem = nameProblem(name);
    if (problem) throw new CanopyError('bad-path', problem);
    const { requestedKey } = await import('./x509.js');
    return this.sign(await requestedKey(csr), { name, unit: is, hosts: [name] }, days);
  }

  /** That it could be met. @throws CanopyError `bad-csr`, `file-full` */
  async checkRequest(csr: string): Promise<void> {
    this.issued.kept.hasRoom(LARGEST_ENTRY);
    await (await import('./x509.js')).requestedKey(csr);
  }

  /** For the same key as the newest one in force of that name, or serial. @throws CanopyError `no-such-credential` */
  async renew(which: string, days = NODE_DAYS): Promise<Certificate> {
    const found = this.list().findLast(
      it => (it.name === which || it.serial === which) && it.unit !== 'server' && this.issued.inForce(it),
    );
    if (!found)
      throw new CanopyError(
        'no-such-credential',
        `there is no certificate of a node ${JSON.stringify(which)} in force`,
      );
    const { name, unit } = found;
    return this.sign(Buffer.from(found.key, 'base64'), { name, unit, hosts: [name] }, days);
  }

  /** All of a name, or the one of a serial. @throws CanopyError `no-such-credential` */
  revoke(which: string): Promise<Issued[]> {
    return this.issued.revoke(which);
  }

  /** As the file has it now. @throws CanopyError `bad-identity-file`, `loose-permissions` */
  list(): readonly Issued[] {
    return this.issued.kept.open().current;
  }

  private async sign(publicKey: Buffer, subject: Subject, days: number): Promise<Certificate> {
    const { sign } = await import('./x509.js');
    const authority = this.authority();
    const end = endOfCertificate(new X509Certificate(authority.cert));
    const { notBefore, notAfter } = lifeFrom(this.clock.now(), days);
    const made: Signed = await sign(authority, publicKey, subject, {
      notBefore,
      notAfter: Math.min(notAfter, end),
    });
    const { serial, fingerprint256 } = made;
    const key = publicKey.toString('base64');
    const { name, unit } = subject;
    const issued: Issued = {
      v: 1,
      serial,
      name,
      unit,
      notBefore,
      notAfter: made.notAfter,
      fingerprint256,
      key,
    };
    await this.issued.add(issued); // before anybody has it: one that is not written down opens nothing
    return { cert: made.pem, ca: authority.cert, issued };
  }

  private covers({ cert, renewAt }: ServerFiles, hosts: readonly string[]): boolean {
    const read = new X509Certificate(cert);
    const named = hosts.every(host => (isIP(host) ? read.checkIP(host) : read.checkHost(host)) !== undefined);
    return (
      named && renewAt > this.clock.now() && read.verify(new X509Certificate(this.authority().cert).publicKey)
    );
  }

  private authority(): Authority {
    if (!this.hasCa)
      throw new CanopyError('no-ca', `${this.dir} has no CA: canopy ca init, or canopy enroll, makes one`);
    return { cert: readPrivate(this.file('ca.crt')), key: readPrivate(this.file('ca.key')) };
  }

  private file(name: string): string {
    return join(this.dir, name);
  }
}
