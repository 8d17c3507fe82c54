/** Certificates of real authorities, made by the node's own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { TlsFiles } from '../../broker/listen/tls.js';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { openPki, type Pki } from '../../src/identity/pki.js';
import { makeRequest, newKey } from '../../src/identity/x509.js';

export interface Authority {
  readonly pki: Pki;
  /** PEM. */
  readonly ca: string;
  /** SHA-256 of its DER, hex. */
  readonly fingerprint: string;
  /** Of a server for localhost and 127.0.0.1. */
  readonly server: TlsFiles;
  child(name: string, is?: 'leaf' | 'relay'): Promise<{ ca: string; cert: string; key: string }>;
}

export async function authority(
  t: TestContext,
  { hosts = ['localhost', '127.0.0.1'], clock = systemClock }: { hosts?: string[]; clock?: Clock } = {},
): Promise<Authority> {
  const dir = mkdtempSync(join(tmpdir(), 'canopy-tls-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const pki = openPki(dir, clock);
  const { cert: ca, fingerprint256 } = await pki.init('test');
  await pki.ensureServer(hosts);
  return {
    pki,
    ca,
    fingerprint: fingerprint256,
    server: {
      cert: join(pki.dir, 'server.crt'),
      key: join(pki.dir, 'server.key'),
      ca: join(pki.dir, 'ca.crt'),
    },
    child: async (name, is = 'leaf') => {
      const key = newKey();
      const { cert } = await pki.issue({ name, is, csr: await makeRequest(name, key) });
      return { ca, cert, key };
    },
  };
}

/** As if it were so many days ago. */
export const daysAgo = (days: number): Clock => ({
  now: () => systemClock.now() - days * 86_400_000,
  mono: () => systemClock.mono(),
});

/** A file beside those of an authority. */
export function fileWith(at: Authority, name: string, text: string): string {
  const file = join(at.pki.dir, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
