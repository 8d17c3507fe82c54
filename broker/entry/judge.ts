/** What becomes of a message that someone wants to publish here. Pure. */

import type { Message } from '../link.js';
import type { Identity, Refusal, TopicRules } from '../rules.js';
import { isRefusal, parse, shown, type TopicLimits, topicProblem } from '../topics.js';
import { mayPublish } from './access.js';

/** The message as it is to be routed, its qos and retain flag put right by the rules; or why it is not. */
export function judge(
  rules: TopicRules,
  limits: TopicLimits,
  identity: Identity | null,
  message: Message,
): Message | Refusal {
  const { topic } = message;
  const problem = topicProblem(topic, limits);
  if (problem) return problem;
  const parsed = parse(rules, topic);
  if (parsed !== null && isRefusal(parsed)) return parsed;
  if (!mayPublish(rules, identity, topic)) {
    return {
      code: 'not-authorized',
      reason: `${identity?.name || 'this client'} may not publish to ${shown(topic)}`,
    };
  }
  if (parsed === null || parsed.channel.startsWith('_')) return message;
  if (message.retain && rules.down.has(parsed.channel)) {
    return { code: 'retained-command', reason: `it would fire again at every reconnect: ${shown(topic)}` };
  }
  // A flag that the channel does not carry is cleared; one that it lacks is not invented.
  const retain = message.retain && rules.retained.has(parsed.channel);
  const qos = rules.qos(parsed.channel);
  return retain === message.retain && qos === message.qos ? message : { ...message, qos, retain };
}
