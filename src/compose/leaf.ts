/** A leaf is: an uplink and a supervised target. */
import { join } from 'node:path';
import type { NodeSettings } from '../config/settings.js';
import { Leaf } from '../leaf/leaf.js';
import type { TargetSpec } from '../leaf/supervisor.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { CLOCK, INSTALLATION, LEAF, LOG, SETTINGS, TARGET_ENV, UPLINK } from './tokens.js';
import { provideUplink } from './uplink.js';

/** Milliseconds beyond the grace period that stopping a leaf may take. */
const MARGIN_MS = 5000;

export function leafSteps(node: NodeContainer): Step[] {
  provideUplink(node).provide(LEAF, makeLeaf);
  const stopMs = node.get(SETTINGS).stopGrace * 1000 + MARGIN_MS;
  return [{ name: 'leaf', start: () => node.get(LEAF).start(), stop: () => node.get(LEAF).stop(), stopMs }];
}

function makeLeaf(node: NodeContainer): Leaf {
  const settings = node.get(SETTINGS);
  const { name, appName, hbInterval } = settings;
  return new Leaf({
    name,
    facts: { app: appName ?? name, epoch: node.get(INSTALLATION).epoch, interval: hbInterval },
    target: targetOf(settings, node.get(TARGET_ENV)),
    link: node.get(UPLINK),
    clock: node.get(CLOCK),
    log: node.get(LOG),
  });
}

const targetOf = (settings: NodeSettings, env: NodeJS.ProcessEnv): TargetSpec => ({
  words: settings.target?.words ?? [],
  env,
  outputFile: join(settings.dataDir, 'target.log'),
  stopSignal: settings.stopSignal,
  policy: {
    restart: settings.restart,
    backoffMinMs: settings.backoffMin * 1000,
    backoffMaxMs: settings.backoffMax * 1000,
    settleMs: settings.settleTime * 1000,
    graceMs: settings.stopGrace * 1000,
  },
});
