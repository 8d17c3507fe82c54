/** Who did what at a node with a broker: opened before its broker, closed after it. */
import type { RefusedEvent } from '../../broker/embedded.js';
import type { Origin } from '../../broker/rules.js';
import { AuditLog } from '../audit/log.js';
import { watched } from '../audit/watched.js';
import { bytesOf } from '../config/schemas.js';
import type { Authenticator } from '../core/principal.js';
import { plainAddress } from '../core/remote-address.js';
import { CommandAudit, type Sender } from '../tree/command-audit.js';
import { principalOf } from './access.js';
import type { NodeContainer } from './container.js';
import { Counts } from './counts.js';
import type { Step } from './lifecycle.js';
import { AUDIT, AUTHENTICATOR, CLOCK, COMMAND_AUDIT, COUNTS, INGEST, LOG, SETTINGS, TREE } from './tokens.js';

export function auditStep(node: NodeContainer): Step {
  node
    .provide(COUNTS, () => new Counts())
    .provide(AUDIT, openAudit)
    .provide(COMMAND_AUDIT, from => new CommandAudit(from.get(AUDIT), senderOf));
  return {
    name: 'audit',
    start: () => {
      const counts = node.get(COUNTS);
      const ingest = node.get(INGEST);
      ingest.listen(node.get(COMMAND_AUDIT));
      ingest.listen({
        beat: () => {
          counts.heartbeats += 1;
        },
      });
    },
    stop: () => node.get(AUDIT).close(),
  };
}

const openAudit = (node: NodeContainer): AuditLog => {
  const { dataDir, auditMax } = node.get(SETTINGS);
  return new AuditLog({
    dir: dataDir,
    maxBytes: bytesOf(auditMax) as number,
    clock: node.get(CLOCK),
    log: node.get(LOG),
  });
};

/** What a broker or bridge refused: told, answered and noted. */
export const refusing =
  (node: NodeContainer) =>
  (refused: RefusedEvent): void => {
    node.get(TREE).refusals.take(refused);
    node.get(COMMAND_AUDIT).refused(refused, nameOf(refused.who));
  };

/** What is asked who somebody is, each answer noted; null: nobody is asked. */
export function authenticatorFor(node: NodeContainer, via: 'mqtt' | 'rest'): Authenticator | null {
  const authenticator = node.get(AUTHENTICATOR);
  const counts = node.get(COUNTS).authentications;
  return authenticator && watched(authenticator, { audit: node.get(AUDIT), counts, via });
}

/** A node that is named '' is this one: its own commands, and those of its parent. */
function senderOf({ clientId, identity, who, address }: Origin): Sender | null {
  if (identity?.name === '') return null;
  const by = nameOf(who) || (identity?.name ?? clientId);
  return { by, address: plainAddress(address), via: 'mqtt' };
}

/** The broker hands back the principals that it was given. */
function nameOf(who: object | null | undefined): string {
  const principal = who && principalOf(who);
  return principal && 'name' in principal ? principal.name : '';
}
