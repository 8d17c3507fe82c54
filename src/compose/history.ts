/** What happened below, kept where REST is served or where it is asked for. */
import { join } from 'node:path';
import { History } from '../history/history.js';
import type { NewsCode } from '../history/trouble.js';
import { topicOf } from '../protocol/topics.js';
import { type NodeContainer, token } from './container.js';
import type { Step } from './lifecycle.js';
import { CLOCK, HISTORY, INGEST, LOG, OBSERVER, REGISTRY, SEEN, SETTINGS, TREE } from './tokens.js';

const NEWS = token<News>('news of history');

/**
 * Before the observer starts, so that it is told what was told before; begun before the broker and ended after it, so that all
 * that is acknowledged is kept.
 */
export function historyStep(node: NodeContainer): Step {
  node.provide(NEWS, () => new News(node));
  return {
    name: 'history',
    start: async () => {
      const history = await open(node, node.get(NEWS));
      node.set(HISTORY, history);
      if (!history) return;
      noteTaken(node, history);
      node.get(OBSERVER).listen(history.recorder.transition);
      node.get(INGEST).listen(history.recorder);
      history.start();
    },
    stop: () => node.get(HISTORY)?.close(),
  };
}

/** Who told it was maybe not told that it was taken, and tells it again. */
function noteTaken(node: NodeContainer, { store }: History): void {
  for (const entry of store.recovered)
    if (entry.type === 'evt' && entry.source !== '')
      node.get(SEEN).take(topicOf(entry.source, 'evt'), entry.event);
}

/** What history had to say before the node could. */
export const historyNewsStep = (node: NodeContainer): Step => ({
  name: 'news of history',
  start: () => node.get(NEWS).begin(),
  stop: () => {},
});

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
