/** The data directory of a node on this machine: who may write its files may say who comes in. */
import { userInfo } from 'node:os';
import { noteLocally } from '../audit/log.js';
import { environment } from '../config/environment.js';
import { loadNode } from '../config/load.js';
import type { NodeSettings } from '../config/settings.js';
import { systemClock } from '../core/clock.js';
import { AccessStore } from '../identity/access-store.js';
import { Office } from '../identity/office.js';
import { openPki, type Pki } from '../identity/pki.js';
import { CliError, EXIT } from './exit.js';

export interface LocalNode {
  readonly settings: NodeSettings;
  readonly access: AccessStore;
  readonly pki: Pki;
  readonly office: Office;
  /** Written into the node's audit log. `path`: of the node concerned, null where it is about none. */
  note(op: string, about: string, path?: string | null): void;
}

/** As `canopy run` would read it, whether it runs or not. @throws CliError for a leaf, which lets nobody in */
export function localNode(file: string | undefined): LocalNode {
  const { settings } = loadNode({ ...(file && { file }), env: environment(), cwd: process.cwd() });
  const { name, role, dataDir, security, auth, tls, host, port } = settings;
  if (role === 'leaf')
    throw new CliError(
      EXIT.usage,
      `expected the settings of a root or relay, found those of the leaf ${name}`,
    );
  const access = new AccessStore(dataDir, systemClock);
  const pki = openPki(dataDir, systemClock);
  const listening = { auth, tls, host, port, listen: security.listen };
  const office = new Office({ name, access, pki, clock: systemClock, listening, ownCert: security.cert });
  return { settings, access, pki, office, note: noting(dataDir) };
}

const noting =
  (dataDir: string): LocalNode['note'] =>
  (op, about, path = null) => {
    try {
      noteLocally(dataDir, {
        ...{ by: userName(), address: '', via: 'local', path, op, outcome: 'succeeded', about },
      });
    } catch (error) {
      process.stderr.write(`canopy: it is done, but not in the audit log: ${(error as Error).message}\n`);
    }
  };

/** Some accounts of containers have none. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}
