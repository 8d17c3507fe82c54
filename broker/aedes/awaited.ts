import { matches } from '../topics.js';
import type { PrivateAedes } from './aedes-private.js';
import type { BoundedStore } from './store.js';

/**
 * Whether anyone, away with its session kept included, asks for what is published on a topic by a filter that spells out
 * the first two levels: who only looks on asks by wildcards. Walks all clients: not for every message.
 */
export async function isAwaited(
  aedes: PrivateAedes,
  store: Pick<BoundedStore, 'subscriptionsByTopic'>,
  topic: string,
): Promise<boolean> {
  const start = topic.split('/', 2).join('/');
  const byName = (filter: string): boolean => filter === start || filter.startsWith(`${start}/`);
  for (const { subscriptions } of Object.values(aedes.clients))
    for (const filter in subscriptions) if (byName(filter) && matches(filter, topic)) return true;
  // Of those who are away only these are kept: QoS 0 waits for nobody.
  const stored = await store.subscriptionsByTopic(topic);
  return stored.some(subscription => byName(subscription.topic));
}
