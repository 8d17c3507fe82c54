/** Keeps what the node itself logs, so that it can be read from afar as a target's log is. */
import { join } from 'node:path';
import { type Logger, symbols } from 'pino';
import { LogStore } from '../logs/store.js';
import type { NodeContainer } from './container.js';
import type { Step } from './lifecycle.js';
import { CLOCK, LOG, OWN_LOG, SETTINGS } from './tokens.js';

/** Bytes: a node says little, and there may be many in one process. */
const MOST_BYTES = 8 * 1024 * 1024;
const SEGMENT_BYTES = 512 * 1024;

interface Sink {
  write(line: string): void;
}

export function ownLogStep(node: NodeContainer): Step {
  let undo = (): void => {};
  return {
    name: 'own log',
    start: () => {
      const store = node.get(SETTINGS).silent ? null : openStore(node);
      node.set(OWN_LOG, store);
      if (store) undo = alsoTo(node.get(LOG), line => store.append('stdout', line));
    },
    stop: async () => {
      undo();
      await node.get(OWN_LOG)?.stop();
    },
  };
}

/** Null where it can't be kept: a full disk is no reason not to start. */
function openStore(node: NodeContainer): LogStore | null {
  const store = new LogStore({
    dir: join(node.get(SETTINGS).dataDir, 'self'),
    segmentBytes: SEGMENT_BYTES,
    maxBytes: MOST_BYTES,
    maxAgeMs: null,
    capture: 'fifos',
    clock: node.get(CLOCK),
  });
  // They would be told in it.
  store.onNews(() => {});
  try {
    store.open();
    store.start();
    return store;
  } catch (err) {
    node.get(LOG).warn({ err }, `this node's own log is not kept: ${(err as Error).message}`);
    return null;
  }
}

/** Every line of this logger, and of loggers made of it from now on, goes to `take` as well; returns how to end that. */
function alsoTo(log: Logger, take: (line: string) => void): () => void {
  // The stream of a pino logger, by the symbol that pino hands out for it: a child has its parent's.
  const logger = log as unknown as Record<symbol, Sink>;
  const first = logger[symbols.streamSym];
  if (first === undefined) return () => {};
  logger[symbols.streamSym] = {
    write: line => {
      first.write(line);
      take(line.trimEnd());
    },
  };
  return () => {
    logger[symbols.streamSym] = first;
  };
}
