/** The certificates of this node's own CA, as `pki/issued.jsonl` has them. */
import { join } from 'node:path';
import type { Clock } from '../core/clock.js';
import { CanopyError } from '../core/errors.js';
import { BACK_MS } from './certificate-facts.js';
import { ISSUED, type Issued } from './issued.js';
import { KeptFile } from './kept-file.js';

export const PKI = 'pki';
/** Milliseconds after its end for which a certificate is still listed. */
const LISTED_MS = 30 * 24 * 3600 * 1000;

export class IssuedCertificates {
  readonly kept: KeptFile<readonly Issued[]>;
  private indexed: { of: readonly Issued[]; by: ReadonlyMap<string, Issued> } | null = null;

  constructor(
    dataDir: string,
    private readonly clock: Clock,
    report?: (error: CanopyError) => void,
  ) {
    this.kept = new KeptFile(join(dataDir, PKI, 'issued.jsonl'), ISSUED, report);
  }

  get byFingerprint(): ReadonlyMap<string, Issued> {
    const of = this.kept.current;
    if (this.indexed?.of !== of) this.indexed = { of, by: new Map(of.map(it => [it.fingerprint256, it])) };
    return this.indexed.by;
  }

  async add(issued: Issued): Promise<void> {
    await this.update(all => [...all, issued], 'adds');
  }

  /** All of a name that are in force, or the one of a serial. @throws CanopyError `no-such-credential` */
  async revoke(which: string): Promise<Issued[]> {
    const now = this.clock.now();
    const revoked: Issued[] = [];
    await this.update(all =>
      all.map(it => {
        const fits = it.serial === which || it.name === which;
        if (!fits || !this.inForce(it)) return it;
        const ended = { ...it, revokedAt: now };
        revoked.push(ended);
        return ended;
      }),
    );
    if (revoked.length === 0)
      throw new CanopyError(
        'no-such-credential',
        `there is no certificate ${JSON.stringify(which)} in force`,
      );
    return revoked;
  }

  /** How many a name was given within the last `ms` milliseconds, those that are revoked included. */
  givenWithin(name: string, ms: number): number {
    const since = this.clock.now() - ms - BACK_MS;
    return this.kept.current.filter(it => it.name === name && it.notBefore > since).length;
  }

  inForce({ revokedAt, notAfter }: Issued): boolean {
    return revokedAt === undefined && notAfter > this.clock.now();
  }

  private async update(change: (all: readonly Issued[]) => readonly Issued[], adds?: 'adds'): Promise<void> {
    const oldest = this.clock.now() - LISTED_MS;
    await this.kept.update(all => change(all).filter(it => it.notAfter > oldest), adds);
    this.kept.look();
  }
}
