import { matches } from '../topics.js';
import type { PrivateAedes, PrivateClient } from './aedes-private.js';
import type { BoundedStore } from './store.js';

/**
 * Whether anyone, away with its session kept included, asks for what is published on a topic by a filter that spells out
 * the first two levels: who only looks on asks by wildcards. `may`: whether he would be given it. Walks all clients: not for every message.
 */
export async function isAwaited(
  aedes: PrivateAedes,
  store: Pick<BoundedStore, 'subscriptionsByTopic'>,
  topic: string,
  may: { client(client: PrivateClient): boolean; session(clientId: string): boolean },
): Promise<boolean> {
  const start = topic.split('/', 2).join('/');
  const byName = (filter: string): boolean => filter === start || filter.startsWith(`${start}/`);
  for (const client of Object.values(aedes.clients))
    for (const filter in client.subscriptions)
      if (byName(filter) && matches(filter, topic) && may.client(client)) return true;
  // Of those who are away only these are kept: QoS 0 waits for nobody.
  const stored = await store.subscriptionsByTopic(topic);
  return stored.some(({ topic: filter, clientId }) => byName(filter) && may.session(clientId));
}
