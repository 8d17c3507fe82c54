/** A relay keeps on disk what its parent must have, before it acknowledges it below. */
import { join } from 'node:path';
import type { Admit } from '../../broker/rules.js';
import { isRefusal } from '../../broker/topics.js';
import type { News } from '../spool/news.js';
import { Spool } from '../spool/spool.js';
import { type NodeContainer, token } from './container.js';
import type { Step } from './lifecycle.js';
import { BRIDGE, CLOCK, LOG, PARENT_BROKER, SETTINGS, TREE, UPLINK } from './tokens.js';

/** Null where there is no parent, or this very process hosts it: then nothing gets lost between the two. */
export const SPOOL = token<Spool | null>('spool');

/** Heartbeats are not kept, only the newest counts; logs are kept at the leaf. */
export const SPOOLED: ReadonlySet<string> = new Set(['evt', 'state', 'res']);

export const spoolStep = (node: NodeContainer): Step => ({
  name: 'spool',
  start: () => void node.set(SPOOL, open(node)),
  stop: () => node.get(SPOOL)?.close(),
});

function open(node: NodeContainer): Spool | null {
  const { role, dataDir, spoolMaxBytes: maxBytes } = node.get(SETTINGS);
  if (role !== 'relay' || node.get(PARENT_BROKER) !== null) return null;
  const clock = node.get(CLOCK);
  return new Spool({ dir: join(dataDir, 'spool'), maxBytes, now: () => clock.now() });
}

/** What `inner` lets in is kept where it must be, and only then acknowledged. */
export const spooling =
  (node: NodeContainer, inner: Admit): Admit =>
  (message, origin) => {
    const verdict = inner(message, origin);
    if (!isRefusal(verdict) && node.has(SPOOL) && node.get(SPOOL) !== null) node.get(BRIDGE).keep(verdict);
    return verdict;
  };

/** Once the tree is there to tell of it. */
export function startSpool(node: NodeContainer): void {
  const spool = node.get(SPOOL);
  spool?.listen(news => tell(node, news));
  spool?.attach(node.get(UPLINK));
}

function tell(node: NodeContainer, { code, reason, count }: News): void {
  const level = code === 'spool-writable' ? 'info' : code === 'spool-full' ? 'warn' : 'error';
  node.get(LOG)[level]({ code, count }, reason);
  // Not from within what the broker lets in.
  setImmediate(() => node.get(TREE).publisher.event('spool', reason, { code, ...(count && { count }) }));
}
