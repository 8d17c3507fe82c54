import { BROKER_LIMITS, publishBytes } from './limits.js';
import type { Message } from './link.js';
import { remembered } from './memo.js';
import type { Refusal, TopicRules } from './rules.js';
import { exported, isRefusal, shown, TOPIC_LIMITS, type TopicLimits } from './topics.js';

export interface UpwardOptions {
  readonly name: string;
  readonly rules: TopicRules;
  readonly onRefused: (event: Refusal & { readonly message?: Message }) => void;
  readonly limits?: Partial<TopicLimits & { readonly maxPacketBytes: number }>;
}

/** What a message of this broker is at the parent's. */
export class Upward {
  readonly #limits: TopicLimits & { readonly maxPacketBytes: number };
  /** What exported() says of a topic. */
  readonly #exported: (topic: string) => string | Refusal | null;

  constructor(private readonly options: UpwardOptions) {
    this.#limits = { ...TOPIC_LIMITS, maxPacketBytes: BROKER_LIMITS.maxPacketBytes, ...options.limits };
    this.#exported = remembered(topic => exported(options.rules, options.name, topic, this.#limits));
  }

  /** Null if it stays here or, reported, can't pass. */
  above(message: Message): Message | null {
    const { rules } = this.options;
    const topic = this.#exported(message.topic);
    if (topic === null) return null;
    if (isRefusal(topic)) {
      this.options.onRefused({ ...topic, message });
      return null;
    }
    if (publishBytes(topic, message.payload.length) > this.#limits.maxPacketBytes) {
      const reason = `more than ${this.#limits.maxPacketBytes} bytes with the longer topic: ${shown(topic)}`;
      this.options.onRefused({ code: 'too-large', reason, message });
      return null;
    }
    const channel = channelOf(topic);
    return {
      topic,
      payload: message.payload,
      qos: rules.qos(channel),
      retain: rules.retained.has(channel),
    };
  }
}

export const channelOf = (topic: string): string => topic.slice(topic.lastIndexOf('/') + 1);
export const qosOf = (rules: TopicRules, topic: string): 0 | 1 => rules.qos(channelOf(topic));
