/** `canopy ca`: the certificate authority of a node on this machine, for its listeners and its direct children. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nameProblem } from '../core/names.js';
import type { Issued } from '../identity/issued.js';
import type { Certificate } from '../identity/pki.js';
import { writePrivate } from '../identity/private-files.js';
import { day, type KindOptions, kindOf } from './credentials.js';
import { CliError, EXIT } from './exit.js';
import { type LocalNode, localNode } from './local-node.js';
import { say, table, type View } from './print.js';

interface LifeOptions extends View {
  readonly days?: number;
}

export async function init(file: string | undefined, view: View): Promise<void> {
  const { pki, office, note, settings } = localNode(file);
  const { fingerprint256 } = await pki.init(settings.name);
  await office.prepare();
  note('ca init', fingerprint256);
  const hosts = office.hosts();
  const text = `${pki.dir}: a CA (SHA-256 ${fingerprint256}), and a certificate for ${hosts.join(', ')}`;
  say(view, { dir: pki.dir, fingerprint256, hosts }, text);
}

export interface IssueOptions extends LifeOptions, KindOptions {
  readonly csr?: string;
  readonly out?: string;
}

/** With a request: the certificate, to stdout or beside that of the CA. Without one: key and certificate for a node's `uplink/`. */
export async function issue(name: string, file: string | undefined, options: IssueOptions): Promise<void> {
  const problem = nameProblem(name);
  if (problem) throw new CliError(EXIT.usage, problem);
  const node = localNode(file);
  const is = kindOf(options);
  const { days, csr } = options;
  const { makeRequest, newKey } = await import('../identity/x509.js');
  const key = csr === undefined ? newKey() : null;
  const request = key === null ? readFileSync(csr as string, 'utf8') : await makeRequest(name, key);
  const made = await node.pki.issue({ name, is, csr: request, ...(days !== undefined && { days }) });
  node.note('certificate issue', `${made.issued.serial} (${is})`, name);
  const out = options.out ?? (key === null ? undefined : `${name}-uplink`);
  hand(made, key, out, options);
}

export interface RenewOptions extends LifeOptions {
  readonly out?: string;
  readonly server?: boolean;
}

export async function renew(
  which: string | undefined,
  file: string | undefined,
  options: RenewOptions,
): Promise<void> {
  // With --server there is no name: the one word is the file.
  const node = localNode(options.server ? which : file);
  if (options.server) return renewServer(node, options);
  if (which === undefined) throw new CliError(EXIT.usage, 'expected a name, a serial, or --server');
  const made = await node.pki.renew(which, options.days);
  node.note('certificate renew', made.issued.serial, made.issued.name);
  hand(made, null, options.out, options);
}

async function renewServer({ pki, office, note }: LocalNode, options: RenewOptions): Promise<void> {
  const issued = await pki.issueServer(office.hosts(), options.days);
  note('certificate renew', `${issued.serial} (listeners)`);
  say(options, shown(issued), `the listeners have a certificate until ${day(issued.notAfter)}`);
}

export async function revoke(which: string, file: string | undefined, view: View): Promise<void> {
  const { pki, note } = localNode(file);
  const revoked = await pki.revoke(which);
  for (const { serial, name } of revoked) note('certificate revoke', serial, name);
  const serials = revoked.map(it => it.serial);
  const text = `${revoked[0]?.name}: ${serials.join(', ')} revoked: connections by it end within a second`;
  say(view, { revoked: revoked.map(shown) }, text);
}

export async function list(file: string | undefined, view: View): Promise<void> {
  const { pki } = localNode(file);
  const now = Date.now();
  const all = pki.list().map(it => ({ ...shown(it), state: stateOf(it, now) }));
  const rows = all.map(it => [it.name, it.unit, day(it.notBefore), day(it.notAfter), it.state, it.serial]);
  say(view, { certificates: all }, table(['NAME', 'KIND', 'FROM', 'UNTIL', 'STATE', 'SERIAL'], rows));
}

function hand(
  { cert, ca, issued }: Certificate,
  key: string | null,
  out: string | undefined,
  view: View,
): void {
  if (out === undefined) return say(view, { ...shown(issued), cert, ca }, cert.trimEnd());
  const dir = resolve(out);
  if (key !== null) writePrivate(join(dir, 'node.key'), key);
  writePrivate(join(dir, 'node.crt'), cert);
  writePrivate(join(dir, 'ca.crt'), ca);
  const text = `${dir}: a certificate of ${issued.name} until ${day(issued.notAfter)}, to be uplink/ in its data directory`;
  say(view, { ...shown(issued), dir }, text);
}

const shown = ({ v: _v, key: _key, ...rest }: Issued) => rest;

function stateOf({ revokedAt, notAfter }: Issued, now: number): 'in force' | 'revoked' | 'expired' {
  if (revokedAt !== undefined) return 'revoked';
  return notAfter > now ? 'in force' : 'expired';
}
