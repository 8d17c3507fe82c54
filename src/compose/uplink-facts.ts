/** A relay tells itself when it was cut off from its parent, and says so above when it is back. */
import { type Turned, Uplink } from '../node/uplink.js';
import { type NodeContainer, token } from './container.js';
import { SPOOL } from './spool.js';
import { CLOCK, TREE, UPLINK } from './tokens.js';

export const UPLINK_FACTS = token<Uplink>('facts of the uplink');

export const watchUplink = (node: NodeContainer): Uplink => {
  const waited = node.get(SPOOL)?.found ?? 0;
  return new Uplink(node.get(UPLINK), node.get(CLOCK), turned => tell(node, turned), waited);
};

function tell(node: NodeContainer, { before, now, reason, code }: Turned): void {
  const detail = { from: before.state, to: now.state, since: before.since, ...(code && { code }) };
  const { publisher } = node.get(TREE);
  // Not from within what the link does.
  setImmediate(() => publisher.event('uplink', reason, detail));
  if (now.state === 'online') setImmediate(() => node.get(TREE).back());
}
