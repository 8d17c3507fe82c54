import { aside, Idle, LinkBase } from './emitter.js';
import { LinkError, type Message, type MessageHandler } from './link.js';
import { type LivePacket, type LocalHost, received } from './local-port.js';
import type { LocalLinkOptions } from './options.js';
import type { Identity, Origin, Who } from './rules.js';

/** Milliseconds: routing takes none; it is never waited for in vain. */
const DRAIN_MS = 1000;

/** A Link without a socket, for the node that owns the broker and for leaves hosted beside it. It connects once it is attached. */
export class LocalLink extends LinkBase {
  readonly identity: Identity;
  readonly #will: Message | null;
  /** Null: the owner of the broker. */
  readonly #who: Who | null;
  /** Null before it is attached. */
  #host: LocalHost | null = null;
  #ended: () => void = () => {};
  /** Those who wait for that. */
  #waiting: (() => void)[] = [];
  /** Deliveries, in order; never on the stack of whoever publishes. */
  #inbox: { handler: MessageHandler; message: Message }[] = [];
  #unlisten: (() => void)[] = [];
  /** Published before it was connected. */
  #early: Message[] = [];
  #unrouted = 0;
  readonly #origins: Readonly<Record<'publish' | 'will', Origin>>;
  readonly #idle = new Idle(() => this.#unrouted === 0 && this.#early.length === 0);

  constructor({ name, instance, will, who }: LocalLinkOptions) {
    super();
    this.identity = { name, instance };
    this.#will = will ?? null;
    this.#who = who ?? null;
    const origin = { clientId: `local:${name}`, identity: this.identity, who: this.#who };
    this.#origins = { publish: { ...origin, via: 'publish' }, will: { ...origin, via: 'will' } };
  }

  /** Gives it its broker, which has let it have its name, and what to call when it ends: then that is free again. */
  attach(host: LocalHost, ended: () => void): void {
    this.#host = host;
    this.#ended = ended;
    // Later, so that whoever made it can listen for `connected` first, as with any link.
    setImmediate(() => this.#connect());
    this.#wake();
  }

  publish(message: Message, arrived?: () => void): void {
    if (this.state === 'connecting') this.#keepEarly(message);
    else if (this.state === 'connected') this.#submit(message, 'publish', arrived);
    else if (message.qos > 0) this.emit('dropped', 1, `the link is ${this.state}`);
  }

  /** A heartbeat that is as old as its broker is late would tell of another time. */
  #keepEarly(message: Message): void {
    if (message.qos > 0 || this.#host) this.#early.push(message);
  }

  async subscribe(filters: readonly string[], handler: MessageHandler): Promise<void> {
    const host = this.#host ?? (await this.#attached());
    if (this.state === 'closed' || this.state === 'lost') throw this.#unreachable();
    for (const filter of filters) {
      const refusal = host.filterRefusal(this.#who, filter);
      if (refusal) throw new LinkError('refused', refusal);
    }
    // A message under several of these filters is handed in several times, as one object, in one go.
    let last: LivePacket | null = null;
    const onLive = (packet: LivePacket) => {
      if (packet === last || packet.topic.startsWith('$') || !host.isFor(this.#who, packet.topic)) return;
      last = packet;
      this.#deliver(handler, { ...received(packet), retain: false });
    };
    for (const filter of filters) this.#unlisten.push(host.listen(filter, onLive));
    // In the same tick: nothing can be published between the two, so no live message is behind its stored copy.
    const stored = new Map(filters.flatMap(filter => this.#stored(host, filter).map(m => [m.topic, m])));
    for (const message of stored.values()) this.#deliver(handler, message);
  }

  async retained(filter: string): Promise<Message[]> {
    const host = this.#host ?? (await this.#attached());
    if (this.state === 'closed' || this.state === 'lost') throw this.#unreachable();
    return this.#stored(host, filter);
  }

  #stored(host: LocalHost, filter: string): Message[] {
    return host.retainedUnder(filter).filter(({ topic }) => host.isFor(this.#who, topic));
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
    const fires = this.state !== 'lost' && this.#will;
    this.#end(new LinkError('unreachable', 'aborted'));
    if (fires) this.#submit(fires, 'will');
  }

  /** The broker took the link down: it closes, or someone took the name over. */
  drop(cause: LinkError, withWill: boolean): void {
    if (this.state === 'closed' || this.state === 'lost') return;
    this.#stopListening();
    this.#early = [];
    this.turnLost(cause);
    this.#ended();
    this.#wake();
    this.#idle.check();
    if (withWill && this.#will) this.#submit(this.#will, 'will');
  }

  #unreachable(): LinkError {
    return new LinkError('unreachable', `the link is ${this.state}`);
  }

  /** Rejects where it never is. */
  async #attached(): Promise<LocalHost> {
    if (this.state === 'connecting') await new Promise<void>(resolve => this.#waiting.push(resolve));
    if (this.#host === null) throw this.#unreachable();
    return this.#host;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
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
    const done = (): void => {
      this.#unrouted--;
      arrived?.();
      this.#idle.check();
    };
    if (this.#host) this.#host.submit(message, this.#origins[via], done);
    else done();
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
    if (wasUp) this.#ended();
    this.#wake();
  }

  #stopListening(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#unlisten = [];
  }
}
