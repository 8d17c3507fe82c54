/** The dead man of a node with a broker. */
import { DeadMan } from '../alerts/deadman.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { ALERTS, CLOCK, DEAD_MAN, LOG, OWN_LINK, REGISTRY, SETTINGS } from './tokens.js';

/** Milliseconds that a look around may be behind, and own heartbeats that may be missing. */
const LOOK_MS = 5000;
const BEATS = 3;

export function deadManStep(node: NodeContainer): Step {
  node.provide(DEAD_MAN, makeDeadMan);
  return {
    name: 'dead man',
    start: () => node.get(DEAD_MAN).start(),
    stop: () => node.get(DEAD_MAN).stop(),
  };
}

const makeDeadMan = (node: NodeContainer): DeadMan => {
  const { name, deadman, deadmanMethod, deadmanInterval } = node.get(SETTINGS);
  return new DeadMan({
    name,
    ...deadman,
    method: deadmanMethod,
    intervalMs: deadmanInterval * 1000,
    link: node.get(OWN_LINK),
    clock: node.get(CLOCK),
    ailment: () => ailmentOf(node),
    log: node.get(LOG),
  });
};

/** Its own heartbeats go the way of all others: through its broker into its registry. */
function ailmentOf(node: NodeContainer): string | null {
  const mono = node.get(CLOCK).mono();
  const beatAt = node.get(REGISTRY).get('')?.heardAt?.mono ?? Number.NEGATIVE_INFINITY;
  const beatMs = Math.max(LOOK_MS, BEATS * node.get(SETTINGS).hbInterval * 1000);
  if (mono - beatAt > beatMs) return 'its own heartbeats do not come through its broker';
  const lookedAt = node.get(ALERTS).lookedAt ?? Number.NEGATIVE_INFINITY;
  return mono - lookedAt > LOOK_MS ? 'it is behind with looking around' : null;
}
