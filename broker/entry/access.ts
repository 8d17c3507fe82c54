/** Who may publish or subscribe where, from the path they own. Pure. */
import type { Identity, TopicRules } from '../rules.js';
import { isRefusal, parse } from '../topics.js';

const future = (channel: string): boolean => channel.startsWith('_');

/**
 * A node publishes what flows up under its own path; the owner of the broker (name '') and strangers (null) anything
 * but `$`: they are people with mosquitto_pub, and commands are what they publish.
 */
export function mayPublish(rules: TopicRules, identity: Identity | null, topic: string): boolean {
  if (topic.startsWith('$')) return false;
  if (!identity || identity.name === '') return true;
  if (!topic.startsWith(`${rules.prefix}/${identity.name}/`)) return false;
  const parsed = parse(rules, topic);
  return parsed !== null && !isRefusal(parsed) && (rules.up.has(parsed.channel) || future(parsed.channel));
}

/** A node subscribes to what flows down to its own path and below; `$share` is granted by aedes and never served. */
export function maySubscribe(rules: TopicRules, identity: Identity | null, filter: string): boolean {
  if (filter.startsWith('$')) return false;
  if (!identity || identity.name === '') return true;
  const levels = filter.split('/');
  const channel = levels.at(-1) ?? '';
  const below = levels.slice(2, -1);
  if (levels.length < 3 || levels[0] !== rules.prefix || levels[1] !== identity.name) return false;
  return (
    (rules.down.has(channel) || future(channel)) && below.every(name => name === '+' || rules.isName(name))
  );
}
