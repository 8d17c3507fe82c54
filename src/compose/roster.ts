/** What a node with a broker knows of those below it, kept over its restarts. */
import { join } from 'node:path';
import { Registry } from '../core/registry.js';
import { Vigil } from '../core/vigil.js';
import { MAX_NODES } from '../tree/ingest.js';
import { Owed } from '../tree/owed.js';
import { Roster } from '../tree/roster/roster.js';
import { sweepPeriodMs } from '../tree/watch.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { CLOCK, INGEST, LOG, REGISTRY, ROSTER, SETTINGS, UPLINK } from './tokens.js';

export const makeRegistry = (node: NodeContainer): Registry => {
  const timeoutMs = node.get(SETTINGS).timeout * 1000;
  // Three heartbeats fit into a timeout as it is set by default.
  return new Registry({
    mono: node.get(CLOCK).mono,
    graceMs: (timeoutMs * 2) / 3,
    silentMs: timeoutMs * 2,
    vigil: new Vigil(sweepPeriodMs(timeoutMs)),
  });
};

/** Begun before all that looks at who is known, and ended when nobody can tell of anybody any more. */
export const rosterStep = (node: NodeContainer): Step => ({
  name: 'roster',
  start: () => void node.get(ROSTER),
  stop: () => node.get(ROSTER).stop(),
});

export function openRoster(node: NodeContainer): Roster {
  const roster = new Roster(join(node.get(SETTINGS).dataDir, 'roster.jsonl'), {
    registry: node.get(REGISTRY),
    clock: node.get(CLOCK),
    most: MAX_NODES,
    log: node.get(LOG),
  });
  const ingest = node.get(INGEST);
  ingest.listen(roster);
  ingest.buried = (path, epoch) => roster.graves.holds(path, epoch);
  return roster;
}

export const makeOwed = (node: NodeContainer): Owed =>
  new Owed({
    up: node.get(UPLINK),
    name: node.get(SETTINGS).name,
    registry: node.get(REGISTRY),
    roster: node.get(ROSTER),
  });
