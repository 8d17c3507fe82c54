/** What hands logs on: the hub and the `log` topics of a node with a broker, and what a parent reads from here. */
import type { Admit, Refusal } from '../../broker/rules.js';
import { isRefusal } from '../../broker/topics.js';
import { splitTopic } from '../protocol/topics.js';
import { FlowServer } from '../streams/flow-server.js';
import { Hub } from '../streams/hub.js';
import { Inflows } from '../streams/inflows.js';
import { LeafHub } from '../streams/leaf-hub.js';
import { LeafLogs } from '../streams/leaf-logs.js';
import { LogFace } from '../streams/log-face.js';
import { LogOrders } from '../streams/log-orders.js';
import { bidden } from './access.js';
import { type NodeContainer, token } from './container.js';
import type { Step } from './lifecycle.js';
import {
  BROKER,
  CLOCK,
  FLOWS,
  HUB,
  INGEST,
  INSTALLATION,
  LEAF_LOGS,
  LOG,
  LOGS,
  OWN_LINK,
  OWN_LOG,
  REGISTRY,
  SETTINGS,
  TREE,
  UPLINK,
} from './tokens.js';

const INFLOWS = token<Inflows>('flows from below');
const TREE_HUB = token<Hub>('hub of a node with a broker');
const LOG_FACE = token<LogFace>('log topics');
const LOG_ORDERS = token<LogOrders>('commands about logs that pass');

/** For a node with a broker, before that listens. */
export const provideHub = (node: NodeContainer): NodeContainer =>
  node
    .provide(INFLOWS, makeInflows)
    .provide(TREE_HUB, makeHub)
    .provide(HUB, from => from.get(TREE_HUB))
    .provide(LOG_FACE, makeFace)
    .provide(LOG_ORDERS, makeOrders)
    .provide(FLOWS, makeFlows);

/** Once the tree is there. */
export const hubStep = (node: NodeContainer): Step => ({
  name: 'hub',
  start: async () => {
    await node.get(INFLOWS).start();
    node.get(INGEST).listen(node.get(TREE_HUB));
    node.get(INGEST).listen(node.get(LOG_FACE));
    if (node.has(UPLINK)) node.get(FLOWS).start();
  },
  stop: () => {
    node.get(LOG_FACE).stop();
    if (node.has(UPLINK)) node.get(FLOWS).stop();
    node.get(INFLOWS).stop();
  },
});

/** For a leaf, which starts it when its log is open. */
export const flowsStep = (node: NodeContainer): Step => {
  node
    .provide(HUB, from => new LeafHub(from.get(LOGS), from.get(OWN_LOG), from.get(SETTINGS).allow))
    .provide(FLOWS, makeFlows)
    .provide(LEAF_LOGS, makeLeafLogs);
  return {
    name: 'streams',
    start: () => {},
    stop: () => {
      node.get(LEAF_LOGS).stop();
      node.get(FLOWS).stop();
    },
  };
};

/** A client of the broker holds a filter, or no longer does. */
export const heard =
  (node: NodeContainer) =>
  (filter: string): void =>
    node.get(LOG_FACE).audience(filter);

/** The tree's word on a message, and what streams have to note of it. */
export function admitting(node: NodeContainer): Admit {
  const { receive } = node.get(INGEST);
  return (message, origin) => {
    const { topic } = message;
    const isOwn = origin.identity?.name === '';
    if (topic.endsWith('/log') && !isOwn && isSaidHere(node, splitTopic(topic)?.path ?? '')) return SAID_HERE;
    if (!topic.endsWith('/cmd')) return receive(message, origin);
    const bid = bidden(message, origin, () => node.get(TREE).publisher);
    if (isRefusal(bid)) return bid;
    const verdict = receive(bid, origin);
    if (verdict === bid && !bid.retain) node.get(LOG_ORDERS).seen(splitTopic(topic)?.path ?? '', bid.payload);
    return verdict;
  };
}

/** Milliseconds that lines wait for somebody who does not keep up, and others with them. */
const PATIENCE_MS = 500;

/** A leaf past a plain broker may say its log as well, where somebody has sent a `follow`. */
const isSaidHere = (node: NodeContainer, path: string): boolean =>
  node.get(LOG_FACE).says(path) && node.get(TREE_HUB).hears(path);

const SAID_HERE: Refusal = { code: 'stale', reason: 'this node says that log itself' };

/** Whether a topic goes no further up: a parent that reads logs by itself says them there. */
export const staysHere =
  (node: NodeContainer) =>
  (topic: string): boolean =>
    topic.endsWith('/log') && node.get(FLOWS).isGreeted;

function makeInflows(node: NodeContainer): Inflows {
  const { instance, epoch } = node.get(INSTALLATION);
  return new Inflows({ link: node.get(OWN_LINK), clock: node.get(CLOCK), owner: `${instance}@${epoch}` });
}

const makeHub = (node: NodeContainer): Hub =>
  new Hub({ registry: node.get(REGISTRY), inflows: node.get(INFLOWS), own: node.get(OWN_LOG) });

const makeFace = (node: NodeContainer): LogFace =>
  new LogFace({
    hub: node.get(HUB),
    link: node.get(OWN_LINK),
    registry: node.get(REGISTRY),
    clock: node.get(CLOCK),
    audience: node.get(BROKER).audience,
    isCarriedOn: () => isCarriedOn(node),
    ready: async topic => {
      // Or what is carried on would push other messages out of the uplink's queue.
      if (isCarriedOn(node)) await node.get(UPLINK).flush(PATIENCE_MS);
      await node.get(BROKER).audience.ready(topic, PATIENCE_MS);
    },
    log: node.get(LOG),
  });

/** A plain broker is above, and whoever follows there is not seen here. */
const isCarriedOn = (node: NodeContainer): boolean => node.has(UPLINK) && !node.get(FLOWS).isGreeted;

const makeOrders = (node: NodeContainer): LogOrders =>
  new LogOrders({
    face: node.get(LOG_FACE),
    registry: node.get(REGISTRY),
    publisher: node.get(TREE).publisher,
    clock: node.get(CLOCK),
  });

const makeFlows = (node: NodeContainer): FlowServer =>
  new FlowServer({
    link: node.get(UPLINK),
    name: node.get(SETTINGS).name,
    logs: node.get(HUB),
    clock: node.get(CLOCK),
    log: node.get(LOG),
    // What comes from below has waited there for as long as it may.
    ...(node.get(SETTINGS).role === 'relay' && { flushMs: 0 }),
  });

const makeLeafLogs = (node: NodeContainer): LeafLogs =>
  new LeafLogs({
    logs: node.get(HUB),
    link: node.get(UPLINK),
    name: node.get(SETTINGS).name,
    epoch: node.get(INSTALLATION).epoch,
    clock: node.get(CLOCK),
    isGreeted: () => node.get(FLOWS).isGreeted,
    log: node.get(LOG),
  });
