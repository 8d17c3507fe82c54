/** The in-memory store of aedes-persistence 11.0.0, of which its own types export only the callback wrapper. */
declare module 'aedes-persistence/asyncPersistence.js' {
  import type { Readable } from 'node:stream';
  import type { AedesPublishPacket, Client, Subscription } from 'aedes';

  export default class MemoryPersistence {
    storeRetained(packet: AedesPublishPacket): Promise<void>;
    createRetainedStream(pattern: string): Readable;
    createRetainedStreamCombi(patterns: string[]): Readable;
    addSubscriptions(client: Client, subscriptions: Subscription[]): Promise<void>;
    subscriptionsByTopic(topic: string): Promise<{ topic: string; clientId: string }[]>;
    cleanSubscriptions(client: { id: string }): Promise<void>;
    cleanIncoming(client: { id: string }): Promise<void>;
    outgoingStream(client: { id: string }): Readable;
    outgoingEnqueue(subscription: { clientId: string }, packet: AedesPublishPacket): Promise<void>;
    outgoingEnqueueCombi(subscriptions: { clientId: string }[], packet: AedesPublishPacket): Promise<void>;
    outgoingUpdate(client: Client, packet: AedesPublishPacket): Promise<void>;
    outgoingClearMessageId(
      client: { id: string },
      packet: { messageId?: number },
    ): Promise<AedesPublishPacket | undefined>;
    streamWill(brokers?: object): Readable;
  }
}
