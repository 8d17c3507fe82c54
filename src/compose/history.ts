/** What happened below, kept where REST is served or where it is asked for. */
import { join } from 'node:path';
import { History } from '../history/history.js';
import type { TroubleCode } from '../history/trouble.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { CLOCK, HISTORY, INGEST, LOG, OBSERVER, REGISTRY, SETTINGS } from './tokens.js';

/** Before the observer starts, so that it is told what was told before. */
export function historyStep(node: NodeContainer): Step {
  return {
    name: 'history',
    start: async () => {
      const history = await open(node);
      node.set(HISTORY, history);
      if (!history) return;
      node.get(OBSERVER).listen(history.recorder.transition);
      node.get(INGEST).listen(history.recorder);
      history.start();
    },
    stop: () => node.get(HISTORY)?.close(),
  };
}

async function open(node: NodeContainer): Promise<History | null> {
  const { history, dataDir } = node.get(SETTINGS);
  if (history === null) return null;
  return History.open({
    directory: join(dataDir, 'history'),
    ...history,
    registry: node.get(REGISTRY),
    clock: node.get(CLOCK),
    observer: node.get(OBSERVER),
    trouble: (code: TroubleCode, message: string) => node.get(LOG).error({ code }, message),
  });
}
