/** What changes below, at any node with a broker. Before the tree, so that it sees this node itself begin and end. */
import { Observer } from '../tree/observer.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { CLOCK, INGEST, OBSERVER, REGISTRY, SETTINGS } from './tokens.js';

export function observerStep(node: NodeContainer): Step {
  node.provide(OBSERVER, makeObserver);
  return {
    name: 'observer',
    start: () => {
      node.get(INGEST).listen(node.get(OBSERVER));
      node.get(OBSERVER).start();
    },
    stop: () => node.get(OBSERVER).stop(),
  };
}

function makeObserver(node: NodeContainer): Observer {
  const { hbInterval, timeout, clockSkew } = node.get(SETTINGS);
  return new Observer({
    registry: node.get(REGISTRY),
    clock: node.get(CLOCK),
    intervalMs: hbInterval * 1000,
    settleMs: Math.max(2 * hbInterval, timeout) * 1000,
    clockSkewMs: clockSkew * 1000,
    lifted: record => node.get(INGEST).lifted(record),
  });
}
