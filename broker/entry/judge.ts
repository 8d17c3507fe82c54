/** What becomes of a message that someone wants to publish here. Pure. */

import type { Message } from '../link.js';
import type { Access, Refusal, TopicRules, Who } from '../rules.js';
import { isRefusal, parse, shown, type TopicLimits, topicProblem } from '../topics.js';

export interface Judging {
  readonly rules: TopicRules;
  readonly limits: TopicLimits;
  readonly access: Access;
}

/** Null is this very process, and undefined somebody who was not let in, or is no more. */
export type Sender = Who | null | undefined;

/** The message as it is to be routed, its qos and retain flag put right by the rules; or why it is not. */
export function judge({ rules, limits, access }: Judging, who: Sender, message: Message): Message | Refusal {
  const { topic } = message;
  const problem = topicProblem(topic, limits);
  if (problem) return problem;
  const parsed = parse(rules, topic);
  if (parsed !== null && isRefusal(parsed)) return parsed;
  const may = who === null ? !topic.startsWith('$') : who !== undefined && access.publish(who, topic);
  if (!may) return { code: 'not-authorized', reason: `it may not publish to ${shown(topic)}` };
  if (parsed === null || parsed.channel.startsWith('_')) return message;
  if (message.retain && rules.down.has(parsed.channel)) {
    return { code: 'retained-command', reason: `it would fire again at every reconnect: ${shown(topic)}` };
  }
  // A flag that the channel does not carry is cleared; one that it lacks is not invented.
  const retain = message.retain && rules.retained.has(parsed.channel);
  const qos = rules.qos(parsed.channel);
  return retain === message.retain && qos === message.qos ? message : { ...message, qos, retain };
}
