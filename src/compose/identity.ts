/** Who may come in at a node with a broker, by its own files; and its certificate authority. */
import type { Principal } from '../core/principal.js';
import { LocalAuthenticator } from '../identity/authenticator.js';
import { openPki, type Pki } from '../identity/pki.js';
import { principalOf } from './access.js';
import { type NodeContainer, token } from './container.js';
import type { Step } from './lifecycle.js';
import { AUTHENTICATOR, BROKER, CLOCK, LOG, SETTINGS, TREE } from './tokens.js';

/** Milliseconds that a child that has joined may take to read its certificate. */
const JOINED_MS = 5000;

/** Null: nobody is asked who they are. */
export const IDENTITY = token<LocalAuthenticator | null>('identity');
export const PKI = token<Pki>('certificate authority');

export function identityStep(node: NodeContainer): Step {
  node
    .provide(IDENTITY, openIdentity)
    .provide(AUTHENTICATOR, from => from.get(IDENTITY))
    .provide(PKI, from => {
      const { dataDir } = from.get(SETTINGS);
      return openPki(dataDir, from.get(CLOCK), from.get(IDENTITY)?.issued);
    });
  return {
    name: 'identity',
    start: () => {
      const identity = node.get(IDENTITY);
      identity?.start();
      identity?.onChange(() => dropRevoked(node, identity));
    },
    stop: () => node.get(IDENTITY)?.close(),
  };
}

function openIdentity(node: NodeContainer): LocalAuthenticator | null {
  const { auth, dataDir, security } = node.get(SETTINGS);
  if (auth !== 'required') return null;
  const report = (err: Error): void => node.get(LOG).error({ err }, `not taken over: ${err.message}`);
  return LocalAuthenticator.open({
    dataDir,
    clock: node.get(CLOCK),
    foreign: security.ca !== null,
    report,
  });
}

function dropRevoked(node: NodeContainer, identity: LocalAuthenticator): void {
  if (!node.has(BROKER)) return;
  const broker = node.get(BROKER);
  const nodes = new Set<string>();
  const isRevoked = (who: Principal): boolean => {
    const revoked = identity.refusal(who) !== null;
    if (revoked && who.kind === 'node') nodes.add(who.name);
    return revoked;
  };
  const drop = (isMeant: (who: Principal) => boolean): number =>
    broker.closeWhere(who => isMeant(principalOf(who)) && isRevoked(principalOf(who)));
  // Whose token was spent just now still waits for what it has got for it.
  setTimeout(() => drop(({ kind }) => kind === 'joining'), JOINED_MS).unref();
  const dropped = drop(({ kind }) => kind !== 'joining');
  if (dropped === 0) return;
  node.get(LOG).warn({ dropped }, 'dropped whom it lets in no more');
  // Their wills are not believed either: without this they would be `up` until the timeout.
  for (const name of nodes) node.get(TREE).lose(name);
}
