/** The bridge of a relay to its parent's broker, and what is kept for that one while it is away. */
import { Bridge } from '../../broker/bridge.js';
import { topicRules } from '../protocol/topics.js';
import { refusing } from './audit.js';
import type { NodeContainer } from './container.js';
import { GOODBYE_MS } from './goodbye.js';
import type { Step } from './lifecycle.js';
import { makeOwed } from './roster.js';
import { SPOOL, SPOOLED, startSpool } from './spool.js';
import { staysHere } from './streams.js';
import { BRIDGE, INGEST, OWED, OWN_LINK, SETTINGS, UPLINK } from './tokens.js';
import { provideUplink } from './uplink.js';
import { UPLINK_FACTS, watchUplink } from './uplink-facts.js';

export function bridgeStep(node: NodeContainer): Step {
  provideUplink(node).provide(BRIDGE, makeBridge).provide(OWED, makeOwed);
  const owed = () => node.get(OWED);
  return {
    name: 'bridge',
    start: async () => {
      node.get(INGEST).listen(owed());
      startSpool(node);
      node.set(UPLINK_FACTS, watchUplink(node));
      await node.get(BRIDGE).start();
      owed().start();
    },
    stop: async () => {
      owed().stop();
      if (node.has(UPLINK_FACTS)) node.get(UPLINK_FACTS).stop();
      await node.get(SPOOL)?.flush(GOODBYE_MS);
      await node.get(UPLINK).flush(GOODBYE_MS);
      await node.get(BRIDGE).stop();
      await node.get(UPLINK).close();
    },
  };
}

function makeBridge(node: NodeContainer): Bridge {
  const spool = node.get(SPOOL);
  return new Bridge({
    local: node.get(OWN_LINK),
    up: node.get(UPLINK),
    name: node.get(SETTINGS).name,
    rules: topicRules,
    onRefused: refusing(node),
    staysHere: staysHere(node),
    ...(spool && {
      keeper: { channels: SPOOLED, add: spool.add, caughtUp: () => spool.caughtUp() },
    }),
  });
}
