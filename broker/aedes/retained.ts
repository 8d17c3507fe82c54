import { matches } from '../topics.js';
import { type ShareLimits, Shares } from './shares.js';
import { Slices } from './slices.js';

export interface RetainedPacket {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: number;
}

/** Messages that are looked at in one slice: well below a millisecond. */
const SLICE = 2000;

/** The last retained message of each topic, within bounds; what both the wire and the local links are served from. */
export class RetainedStore<P extends RetainedPacket = RetainedPacket> {
  readonly #byTopic = new Map<string, P & { readonly order: number }>();
  readonly #slices = new Slices();
  #bytes = 0;
  /** Rises with every message that is stored. */
  #order = 0;

  readonly #shares: Shares;

  constructor(
    private readonly limits: ShareLimits & {
      readonly maxRetained: number;
      readonly maxRetainedBytes: number;
    },
    prefix: string,
  ) {
    this.#shares = new Shares(prefix, limits);
  }

  get size(): number {
    return this.#byTopic.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a message of this size still has room; an empty payload always has, it makes some. */
  fits(topic: string, payloadBytes: number): boolean {
    if (payloadBytes === 0) return true;
    const old = this.#byTopic.get(topic);
    const bytes = topic.length * 2 + payloadBytes - (old ? cost(old) : 0);
    const count = old ? 0 : 1;
    return (
      this.#bytes + bytes <= this.limits.maxRetainedBytes &&
      this.size + count <= this.limits.maxRetained &&
      this.#shares.fits(topic, { count, bytes })
    );
  }

  /** Stores, or forgets where the payload is empty; false if it had no room. */
  set(packet: P): boolean {
    if (!this.fits(packet.topic, packet.payload.length)) return false;
    const old = this.#byTopic.get(packet.topic);
    if (old) this.#count(packet.topic, -1, -cost(old));
    if (packet.payload.length === 0) this.#byTopic.delete(packet.topic);
    else {
      // The payload is a view on the socket's 64 KiB chunk, which would stay in memory with it.
      const order = ++this.#order;
      this.#byTopic.set(packet.topic, { ...packet, payload: Buffer.from(packet.payload), order });
      this.#count(packet.topic, 1, cost(packet));
    }
    return true;
  }

  #count(topic: string, count: number, bytes: number): void {
    this.#bytes += bytes;
    this.#shares.add(topic, { count, bytes });
  }

  get(topic: string): P | undefined {
    return this.#byTopic.get(topic);
  }

  /** What is retained under a filter now. Without a wildcard it is one look-up: aedes would scan them all. */
  *find(filter: string): Generator<P> {
    if (!/[+#]/.test(filter)) {
      const packet = this.#byTopic.get(filter);
      if (packet) yield packet;
      return;
    }
    for (const [topic, packet] of this.#byTopic) if (matches(filter, topic)) yield packet;
  }

  /**
   * The same for a stranger, who may ask with thousands of wildcards: a slice at a time, one of all that ask in each turn of
   * the loop. What is stored from now on is not among it, since it comes live.
   */
  replay(filters: readonly string[]): AsyncGenerator<P> {
    return this.#replay(filters, this.#order);
  }

  async *#replay(filters: readonly string[], upTo: number): AsyncGenerator<P> {
    let looked = 0;
    for (const filter of new Set(filters)) {
      const plain = !/[+#]/.test(filter);
      const found = plain ? [this.#byTopic.get(filter)] : this.#byTopic.values();
      for (const packet of found) {
        if (packet && packet.order <= upTo && (plain || matches(filter, packet.topic))) yield packet;
        if (++looked % SLICE === 0) await this.#slices.turn();
      }
    }
  }
}

const cost = (packet: RetainedPacket): number => packet.topic.length * 2 + packet.payload.length;
