/** What happened below, kept where REST is served or where it is asked for. */
import { join } from 'node:path';
import { History } from '../history/history.js';
import type { NewsCode } from '../history/trouble.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { CLOCK, HISTORY, INGEST, LOG, OBSERVER, REGISTRY, SETTINGS, TREE } from './tokens.js';

/** Before the observer starts, so that it is told what was told before. */
export function historyStep(node: NodeContainer): Step {
  return {
    name: 'history',
    start: async () => {
      const news = new News(node);
      const history = await open(node, news);
      node.set(HISTORY, history);
      if (!history) return;
      node.get(OBSERVER).listen(history.recorder.transition);
      node.get(INGEST).listen(history.recorder);
      history.start();
      news.begin();
    },
    stop: () => node.get(HISTORY)?.close(),
  };
}

async function open(node: NodeContainer, news: News): Promise<History | null> {
  const { history, dataDir } = node.get(SETTINGS);
  if (history === null) return null;
  return History.open({
    directory: join(dataDir, 'history'),
    ...history,
    registry: node.get(REGISTRY),
    clock: node.get(CLOCK),
    observer: node.get(OBSERVER),
    trouble: (code, message) => news.tell(code, message),
  });
}

/** Goes to the log at once, and out as an event as soon as history itself can keep that. */
class News {
  private waiting: (() => void)[] | null = [];

  constructor(private readonly node: NodeContainer) {}

  tell(code: NewsCode, message: string): void {
    this.node.get(LOG)[code === 'history-writable' ? 'info' : 'error']({ code }, message);
    const event = () => this.node.get(TREE).publisher.event('history', message, { code });
    if (this.waiting) this.waiting.push(event);
    // Not from within what the store does.
    else setImmediate(event);
  }

  begin(): void {
    for (const event of this.waiting ?? []) event();
    this.waiting = null;
  }
}
