import { aside, Idle, LinkBase } from './emitter.js';
import { LinkError, type Message, type MessageHandler } from './link.js';
import type { Identity, Origin, Who } from './rules.js';

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
  /** The link ended: its claim on the name ends too. */
  ended(link: LocalLink): void;
}

export interface LivePacket {
  readonly topic: string;
  readonly payload: Buffer | string;
  readonly qos: number;
}

/** Milliseconds: routing takes none; it is never waited for in vain. */
const DRAIN_MS = 1000;

/** A Link without a socket, for the node that owns the broker and for leaves hosted beside it. */
export class LocalLink extends LinkBase {
  /** Deliveries, in order; never on the stack of whoever publishes. */
  #inbox: { handler: MessageHandler; message: Message }[] = [];
  #unlisten: (() => void)[] = [];
  /** Published before it was connected. */
  #early: Message[] = [];
  #unrouted = 0;
  readonly #origins: Readonly<Record<'publish' | 'will', Origin>>;
  readonly #idle = new Idle(() => this.#unrouted === 0 && this.#early.length === 0);

  constructor(
    private readonly host: LocalHost,
    readonly identity: Identity,
    private readonly will: Message | null,
    /** Null: the owner of the broker. */
    private readonly who: Who | null = null,
  ) {
    super();
    const origin = { clientId: `local:${identity.name}`, identity, who };
    this.#origins = { publish: { ...origin, via: 'publish' }, will: { ...origin, via: 'will' } };
    // Later, so that whoever made it can listen for `connected` first, as with any link.
    setImmediate(() => this.#connect());
  }

  publish(message: Message, arrived?: () => void): void {
    if (this.state === 'connecting') this.#early.push(message);
    else if (this.state === 'connected') this.#submit(message, 'publish', arrived);
    else if (message.qos > 0) this.emit('dropped', 1, `the link is ${this.state}`);
  }

  async subscribe(filters: readonly string[], handler: MessageHandler): Promise<void> {
    if (this.state === 'closed' || this.state === 'lost')
      throw new LinkError('unreachable', `the link is ${this.state}`);
    for (const filter of filters) {
      const refusal = this.host.filterRefusal(this.who, filter);
      if (refusal) throw new LinkError('refused', refusal);
    }
    // A message under several of these filters is handed in several times, as one object, in one go.
    let last: LivePacket | null = null;
    const onLive = (packet: LivePacket) => {
      if (packet === last || packet.topic.startsWith('$') || !this.host.isFor(this.who, packet.topic)) return;
      last = packet;
      this.#deliver(handler, { ...received(packet), retain: false });
    };
    for (const filter of filters) this.#unlisten.push(this.host.listen(filter, onLive));
    // In the same tick: nothing can be published between the two, so no live message is behind its stored copy.
    const stored = new Map(filters.flatMap(filter => this.#stored(filter).map(m => [m.topic, m])));
    for (const message of stored.values()) this.#deliver(handler, message);
  }

  async retained(filter: string): Promise<Message[]> {
    if (this.state === 'closed' || this.state === 'lost')
      throw new LinkError('unreachable', `the link is ${this.state}`);
    return this.#stored(filter);
  }

  #stored(filter: string): Message[] {
    return this.host.retainedUnder(filter).filter(({ topic }) => this.host.isFor(this.who, topic));
  }

  flush(deadlineMs: number): Promise<boolean> {
    return this.#idle.wait(deadlineMs);
  }

  drained(): Promise<void> {
    // Always a turn of the loop: what is published by a socket comes between.
    return new Promise(resolve => setImmediate(() => resolve(this.#idle.wait(DRAIN_MS).then(() => {}))));
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    this.#sendEarly();
    this.#end(new LinkError('unreachable', 'closed'));
  }

  abort(): void {
    if (this.state === 'closed') return;
    const fires = this.state !== 'lost' && this.will;
    this.#end(new LinkError('unreachable', 'aborted'));
    if (fires) this.#submit(fires, 'will');
  }

  /** The broker took the link down: it closes, or someone took the name over. */
  drop(cause: LinkError, withWill: boolean): void {
    if (this.state === 'closed' || this.state === 'lost') return;
    this.#stopListening();
    this.turnLost(cause);
    this.host.ended(this);
    if (withWill && this.will) this.#submit(this.will, 'will');
  }

  #connect(): void {
    if (this.state !== 'connecting') return;
    this.#sendEarly();
    this.turnConnected();
  }

  #sendEarly(): void {
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.#submit(message, 'publish');
  }

  #submit(message: Message, via: 'publish' | 'will', arrived?: () => void): void {
    this.#unrouted++;
    this.host.submit(message, this.#origins[via], () => {
      this.#unrouted--;
      arrived?.();
      this.#idle.check();
    });
  }

  #deliver(handler: MessageHandler, message: Message): void {
    if (this.#inbox.length === 0) setImmediate(() => this.#drain());
    this.#inbox.push({ handler, message });
  }

  #drain(): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const { handler, message } of inbox) {
      if (this.state === 'closed') return;
      aside(() => handler(message));
    }
  }

  #end(cause: LinkError): void {
    const wasUp = this.state !== 'lost';
    this.#stopListening();
    this.turnClosed(cause);
    if (wasUp) this.host.ended(this);
  }

  #stopListening(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#unlisten = [];
  }
}

export const received = (packet: LivePacket): Omit<Message, 'retain'> => ({
  topic: packet.topic,
  payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
  qos: packet.qos > 0 ? 1 : 0,
});
