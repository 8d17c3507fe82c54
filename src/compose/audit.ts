/** Who did what at a node with a broker: opened before its broker, closed after it. */
import type { RefusedEvent } from '../../broker/embedded.js';
import type { Origin } from '../../broker/rules.js';
import { AuditLog } from '../audit/log.js';
import { bytesOf } from '../config/schemas.js';
import { CommandAudit, type Sender } from '../tree/command-audit.js';
import type { NodeContainer } from './container.js';
import { Counts } from './counts.js';
import type { Step } from './lifecycle.js';
import { AUDIT, CLOCK, COMMAND_AUDIT, COUNTS, INGEST, LOG, SETTINGS, TREE } from './tokens.js';

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
    node.get(COMMAND_AUDIT).refused(refused);
  };

/** A node that is named '' is this one: its own commands, and those of its parent. */
const senderOf = ({ clientId, identity }: Origin): Sender | null =>
  identity?.name === '' ? null : { by: identity?.name ?? clientId, address: '', via: 'mqtt' };
