import { Readable } from 'node:stream';
import type { AedesPublishPacket, Client, Subscription } from 'aedes';
import MemoryPersistence from 'aedes-persistence/asyncPersistence.js';
import type { RetainedStore } from './retained.js';

export interface StoreOptions {
  readonly retained: RetainedStore<AedesPublishPacket & { payload: Buffer }>;
  readonly maxQueuedPerClient: number;
  readonly maxQueuedBytesPerClient: number;
  /** Whether a client that has just come had a session (clean=false) before. */
  readonly resumes: (clientId: string) => boolean;
  /** Whether a client may have this subscription: aedes would store those of its packet that were refused, too. */
  readonly maySubscribe: (client: Client, filter: string) => boolean;
  /** A retained message that came with others found no room, and is not kept. */
  readonly onRetainedFull: (topic: string) => void;
  /** A session's queue is full; told once until it has been emptied a little. */
  readonly onQueueFull: (clientId: string) => void;
}

interface Recipient {
  readonly clientId: string;
  readonly qos?: number;
}

/** A filter that is refused, and nothing told of it. */
const NOTHING = '$washed/nothing';

/** Aedes' in-memory store with bounds. */
export class BoundedStore extends MemoryPersistence {
  /** What waits per clean=false session. */
  readonly #queued = new Map<string, { count: number; bytes: number }>();
  readonly #full = new Set<string>();

  constructor(private readonly options: StoreOptions) {
    super();
  }

  override async storeRetained(packet: AedesPublishPacket): Promise<void> {
    // Of several at once each has found room before the others took it.
    const hadRoom = this.options.retained.set(packet as AedesPublishPacket & { payload: Buffer });
    if (!hadRoom) this.options.onRetainedFull(packet.topic);
  }

  override createRetainedStream(pattern: string): Readable {
    return this.createRetainedStreamCombi([pattern]);
  }

  override createRetainedStreamCombi(patterns: string[]): Readable {
    // Equal filters of a packet count as one; each other gets its own [MQTT-3.3.1-6].
    return Readable.from(this.options.retained.replay(patterns));
  }

  override async addSubscriptions(client: Client, subscriptions: Subscription[]): Promise<void> {
    await super.addSubscriptions(
      client,
      subscriptions.filter(({ topic }) => this.options.maySubscribe(client, topic)),
    );
  }

  override async outgoingEnqueue(subscription: Recipient, packet: AedesPublishPacket): Promise<void> {
    await this.outgoingEnqueueCombi([subscription], packet);
  }

  override async outgoingEnqueueCombi(subscriptions: Recipient[], packet: AedesPublishPacket): Promise<void> {
    for (const [clientId, qos] of highest(subscriptions)) {
      if (!this.#enter(clientId, packet.payload.length)) continue;
      await super.outgoingEnqueueCombi([{ clientId }], detached(packet, Math.min(packet.qos, qos)));
    }
  }

  /** Aedes takes a session without subscriptions for none (MQTT-3.2.2-2): it gets one that will be refused. */
  override async subscriptionsByClient(client: { id: string }): Promise<Subscription[]> {
    const stored = await super.subscriptionsByClient(client);
    return stored.length > 0 || !this.options.resumes(client.id) ? stored : [{ topic: NOTHING, qos: 0 }];
  }

  /** What was sent before says so (MQTT-3.3.1-1): it has an id. */
  override outgoingStream(client: { id: string }): Readable {
    const repeated = (packet: AedesPublishPacket & { messageId?: number }): AedesPublishPacket =>
      packet.cmd === 'publish' && packet.messageId
        ? Object.assign(Object.create(packet), { dup: true })
        : packet;
    return super.outgoingStream(client).map(repeated);
  }

  /** Rejects where nothing is queued, and aedes would drop the client for it: a full queue is no reason to. */
  override async outgoingUpdate(client: Client, packet: AedesPublishPacket): Promise<void> {
    if (this.#queued.has(client.id)) await super.outgoingUpdate(client, packet).catch(() => {});
  }

  /** Only for sessions that have a queue: aedes leaks an empty one for every client id otherwise. */
  override async outgoingClearMessageId(
    client: Client,
    packet: { messageId?: number },
  ): Promise<AedesPublishPacket | undefined> {
    if (!this.#queued.has(client.id)) return undefined;
    const cleared = await super.outgoingClearMessageId(client, packet);
    if (!cleared) return undefined;
    const { count, bytes } = this.#queued.get(client.id) ?? { count: 0, bytes: 0 };
    if (count <= 1) this.#queued.delete(client.id);
    else this.#queued.set(client.id, { count: count - 1, bytes: bytes - cleared.payload.length });
    this.#full.delete(client.id);
    return cleared;
  }

  /** All that is kept for a client id: its subscriptions, what waits for it, and what it has not released. */
  async forget(clientId: string): Promise<void> {
    const session = { id: clientId };
    await this.cleanSubscriptions(session);
    await this.cleanIncoming(session);
    for await (const packet of this.outgoingStream(session))
      await super.outgoingClearMessageId(session, packet as { messageId?: number });
    this.#queued.delete(clientId);
    this.#full.delete(clientId);
  }

  /** Aedes publishes the wills of brokers it has not heard for a while; after a suspend that would be our own. */
  override streamWill(): Readable {
    return Readable.from([]);
  }

  #enter(clientId: string, size: number): boolean {
    const { maxQueuedPerClient, maxQueuedBytesPerClient } = this.options;
    const { count, bytes } = this.#queued.get(clientId) ?? { count: 0, bytes: 0 };
    if (count < maxQueuedPerClient && bytes + size <= maxQueuedBytesPerClient) {
      this.#queued.set(clientId, { count: count + 1, bytes: bytes + size });
      return true;
    }
    if (!this.#full.has(clientId)) this.options.onQueueFull(clientId);
    this.#full.add(clientId);
    return false;
  }
}

/** The subscribers by id, each with the highest QoS of its filters: one copy for each (MQTT-3.3.5-1). */
function highest(subscriptions: readonly Recipient[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { clientId, qos = 2 } of subscriptions)
    found.set(clientId, Math.max(qos, found.get(clientId) ?? 0));
  return found;
}

/** A copy that does not hold the socket's whole chunk in memory. */
function detached(packet: AedesPublishPacket, qos: number): AedesPublishPacket {
  return Object.assign(Object.create(Object.getPrototypeOf(packet)), packet, {
    payload: Buffer.from(packet.payload),
    qos,
  });
}
