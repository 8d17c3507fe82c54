import type { Message } from './link.js';
import type { Origin, Who } from './rules.js';

/** What a local link asks of the broker it lives in. */
export interface LocalHost {
  /** Publishes by the same checks as a client's; `done` when it was routed or refused. */
  submit(message: Message, origin: Origin, done: () => void): void;
  /** Why he may not have this subscription; null where he may. */
  filterRefusal(who: Who | null, filter: string): string | null;
  /** Whether he may have a message on this topic. */
  isFor(who: Who | null, topic: string): boolean;
  /** Live messages under a filter, called at once while they are routed; returns how to end it. */
  listen(filter: string, onMessage: (packet: LivePacket) => void): () => void;
  retainedUnder(filter: string): Message[];
}

export interface LivePacket {
  readonly topic: string;
  readonly payload: Buffer | string;
  readonly qos: number;
}

export const received = (packet: LivePacket): Omit<Message, 'retain'> => ({
  topic: packet.topic,
  payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
  qos: packet.qos > 0 ? 1 : 0,
});
