/** `canopy token|secret|enroll`: who comes in by a secret, on the data directory of a node on this machine. */
import { randomBytes } from 'node:crypto';
import { nameProblem, pathProblem } from '../core/names.js';
import type { PersonRole } from '../core/principal.js';
import { type Ending, endOf } from '../identity/access-store.js';
import { printJoinToken } from '../identity/join-token.js';
import { lacking } from '../identity/join-url.js';
import { CliError, EXIT } from './exit.js';
import { localNode } from './local-node.js';
import { say, table, type View } from './print.js';
import { ownPath } from './query.js';

export interface KindOptions {
  readonly leaf?: boolean;
  readonly relay?: boolean;
}

/** Milliseconds, null for never. */
type Expires = number | null;

export interface NewTokenOptions extends View {
  readonly role: PersonRole;
  readonly under: string;
  readonly name?: string;
  readonly expires: Expires;
}

export async function createToken(file: string | undefined, options: NewTokenOptions): Promise<void> {
  const { role, expires } = options;
  const under = ownPath(options.under);
  const problem = pathProblem(under);
  if (problem) throw new CliError(EXIT.usage, `--under: ${problem}`);
  const { office, note } = localNode(file);
  const name = options.name ?? `${role}-${randomBytes(3).toString('hex')}`;
  const { text, token } = await office.createToken({ name, role, under, expiresAt: endIn(expires) });
  note('token create', `${token.id} ${name} (${role})`, under);
  hint(options, `${name}: ${role} of ${under || 'all'}, ${until(token.expiresAt)}; shown this once`);
  say(options, { ...token, token: text }, text);
}

export async function listTokens(file: string | undefined, view: View): Promise<void> {
  const tokens = (await localNode(file).office.tokens()).map(it => ({ ...it, state: stateOf(it) }));
  const rows = tokens.map(it => [
    ...[
      it.name,
      it.role,
      it.under || '.',
      day(it.createdAt),
      it.expiresAt === null ? 'never' : day(it.expiresAt),
    ],
    ...[it.state, it.id],
  ]);
  say(view, { tokens }, table(['NAME', 'ROLE', 'UNDER', 'CREATED', 'EXPIRES', 'STATE', 'ID'], rows));
}

export async function revokeToken(which: string, file: string | undefined, view: View): Promise<void> {
  const { access, note } = localNode(file);
  const { id, name, under } = await access.revokeToken(which);
  note('token revoke', `${id} ${name}`, under);
  say(view, { id, name, revoked: true }, `${name} is revoked: connections by it end within a second`);
}

export async function createSecret(
  name: string,
  file: string | undefined,
  options: View & KindOptions & { expires: Expires },
): Promise<void> {
  const { access, note, settings } = localNode(legal(name, file));
  const is = kindOf(options);
  const { secret, record } = await access.createNodeSecret({ name, is, expiresAt: endIn(options.expires) });
  note('secret create', is, name);
  hint(
    options,
    `${name} (${is}) at ${settings.name}, ${until(record.expiresAt)}; shown this once: into a file of mode 0600 on its machine, CANOPY_SECRET_FILE there names it`,
  );
  say(options, { name, kind: is, expiresAt: record.expiresAt, secret }, secret);
}

export async function revokeSecret(name: string, file: string | undefined, view: View): Promise<void> {
  const { access, note } = localNode(legal(name, file));
  await access.revokeNodeSecret(name);
  note('secret revoke', '', name);
  say(view, { name, revoked: true }, `the secret of ${name} is revoked: its connection ends within a second`);
}

export interface EnrollOptions extends View, KindOptions {
  readonly expires: number;
  readonly url?: string;
  readonly revoke?: boolean;
}

export async function enroll(name: string, file: string | undefined, options: EnrollOptions): Promise<void> {
  const { access, office, note, settings } = localNode(legal(name, file));
  if (options.revoke) {
    await access.revokeJoin(name);
    note('enrol revoke', '', name);
    return say(options, { name, revoked: true }, `the join token of ${name} is revoked`);
  }
  const is = kindOf(options);
  const expiresAt = Date.now() + options.expires;
  const { url } = options;
  const token = await office.joinToken({ name, is, expiresAt, ...(url !== undefined && { url }) });
  note('enrol', is, name);
  const { auth, tls, host, port, security } = settings;
  const lacks = lacking({ auth, tls, host, port, listen: security.listen });
  for (const each of lacks) hint(options, `${settings.name} still needs ${each}`);
  hint(
    options,
    `${name} (${is}) joins ${token.url} once, ${until(expiresAt)}, on its own machine, by canopy join and this:`,
  );
  const text = printJoinToken(token);
  say(options, { name, kind: is, url: token.url, ca: token.ca, expiresAt, lacks, token: text }, text);
}

/** For people, and beside what is for a pipe or a file. */
function hint({ json }: View, text: string): void {
  if (!json) process.stderr.write(`canopy: ${text}\n`);
}

/** The first thing wrong is told before anything is opened. */
function legal<T>(name: string, file: T): T {
  const problem = nameProblem(name);
  if (problem) throw new CliError(EXIT.usage, problem);
  return file;
}

export function kindOf({ leaf, relay }: KindOptions): 'leaf' | 'relay' {
  if (leaf && relay) throw new CliError(EXIT.usage, 'expected --leaf or --relay, found both');
  return leaf ? 'leaf' : 'relay';
}

function stateOf(it: Ending): 'in force' | 'revoked' | 'expired' {
  if (endOf(it) > Date.now()) return 'in force';
  return it.revokedAt === undefined ? 'expired' : 'revoked';
}

const endIn = (ms: Expires): number | null => (ms === null ? null : Date.now() + ms);
const until = (at: number | null): string =>
  at === null ? 'for good' : `until ${new Date(at).toISOString()}`;
export const day = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
